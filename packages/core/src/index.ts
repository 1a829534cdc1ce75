export type { Alignment, AlignmentCounts, Match } from "./alignment.ts";
export { MATCHES } from "./alignment.ts";
export type { RevocabErrorCode } from "./errors.ts";
export { RevocabError } from "./errors.ts";
export type { ProgressEvent, ProgressListener } from "./events.ts";
export type { Job } from "./job.ts";
export { quiet } from "./job.ts";
export type { LanguageModel, PositionQuery, ScoreQuery } from "./language-models.ts";
export { mapAhead } from "./map-ahead.ts";
export type { Matrix, Mixture, StoredDtype, StoredMatrix } from "./matrices.ts";
export { BYTES_PER_VALUE } from "./matrices.ts";
export type {
  Donor,
  EmbeddingTable,
  EncodeText,
  FallbackChain,
  InitContext,
  InitMethod,
  MixtureMethod,
  Need,
  PreparedMixture,
  PreparedRows,
  Role,
  RowMethod,
  RunnableModel,
  WriteOptions,
} from "./methods.ts";
export type { RowSource, TablePlan } from "./plans.ts";
export { quote, showJson, showNotes, showText } from "./show-text.ts";
export { throwIfAborted } from "./throw-if-aborted.ts";
export type { SpecialRole, TokenId, TokenKind, Vocabulary } from "./vocabularies.ts";
export { SPECIAL_ROLES } from "./vocabularies.ts";
