export type { RevocabErrorCode } from "./errors.ts";
export { RevocabError } from "./errors.ts";
export type { ComputeDtype, Job, ProgressEvent, ProgressListener } from "./job.ts";
export { computeDtypeOf, mapAhead, quiet, stages, threadsOf, throwIfAborted } from "./job.ts";
export type {
  FinalStates,
  LanguageModel,
  PositionQuery,
  ReadCosts,
  ReadRequest,
  ScoreQuery,
  StateBlock,
  Transformer,
} from "./language-models.ts";
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
  RotaryHeads,
  RowMethod,
  RowSource,
  SourceModel,
  TablePlan,
  WriteOptions,
} from "./methods.ts";
export { quote, showJson, showLine, showMessage, showNotes, showText } from "./show-text.ts";
export type {
  Alignment,
  AlignmentCounts,
  Match,
  SpecialRole,
  TokenId,
  TokenKind,
  Vocabulary,
} from "./vocabularies.ts";
export { MATCHES, SPECIAL_ROLES } from "./vocabularies.ts";
