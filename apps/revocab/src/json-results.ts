import type { EncodedFile } from "@revocab/dynamic-tokenization";
import type { PublishedFolder, PublishedModel } from "@revocab/hub";
import type {
  DynamicEvaluation,
  GeneratedBytes,
  GeneratedText,
  LeaveOut,
  MethodComparison,
  MixtureEvaluation,
  ModelEvaluation,
  ServedEvaluation,
  SwapEvaluation,
} from "@revocab/measure";
import type { AlignedFiles, MixedCorpus } from "@revocab/parallel-text";
import type { PlanSummary, TokenExplanation } from "@revocab/plan";
import type { SwapReport } from "@revocab/report";
import type { ReviewedLosses, TableReview } from "@revocab/swap-review";
import type { AdapterReport, EditPlanSummary, EditReport } from "@revocab/transfer";
import type { CompletionResult } from "./commands/completion.ts";
import type { MethodDescription } from "./commands/methods.ts";
import type { NearWord } from "./commands/vectors.ts";
import type { AlignedVectors } from "./commands/vectors-align.ts";
import type { TrainedVectors } from "./commands/vectors-train.ts";
import type { MachineReport } from "./examine-machine.ts";
import type { Failure } from "./failure.ts";
import type { FullInspection } from "./present/present-inspection.ts";
import type { FullQuality } from "./present/present-quality.ts";
import type { Download } from "./resolve-models.ts";
import type { VersionResult } from "./run-program.ts";

/**
 * What each command prints with `--json`, by its name with dashes. `npm run schemas` makes `docs/schemas` of it: a JSON schema for
 * each, with the comments of these types.
 */
export interface JsonResults {
  readonly version: VersionResult;
  readonly error: FailureResult;
  readonly swap: WrittenModel | RemoteModel | PlanSummary;
  readonly plan: SavedPlan;
  readonly apply: SwapReport | AdapterReport;
  readonly extend: EditedModel | EditPlanSummary;
  readonly prune: EditedModel | EditPlanSummary;
  readonly heal: SwapReport;
  readonly publish: PublishedFolder;
  readonly explain: readonly TokenExplanation[];
  readonly inspect: FullInspection;
  readonly quality: FullQuality;
  readonly eval: ModelEvaluation | ServedEvaluation | MixtureEvaluation | DynamicEvaluation;
  readonly compare: MethodComparison;
  readonly report: ReviewResult;
  readonly generate: GeneratedText | GeneratedBytes;
  readonly "dynamic-encode": EncodedFile;
  readonly "dynamic-vocabulary": LargeVocabularyResult;
  readonly "vectors-train": TrainedVectors;
  readonly "vectors-nearest": readonly NearWord[];
  readonly "vectors-align": AlignedVectors;
  readonly "corpus-mix": MixedCorpus;
  readonly "align-text": AlignedFiles;
  readonly methods: readonly MethodDescription[];
  readonly completion: CompletionResult;
  readonly doctor: MachineReport;
}

/** Of any command that fails. */
export interface FailureResult {
  readonly error: Failure;
}

/** A model that was written, and published with `--publish`. */
export interface WrittenModel extends SwapReport {
  readonly published?: PublishedFolder;
}

/** A model that was made on the Hub with `--remote`. */
export interface RemoteModel extends SwapReport {
  readonly published: PublishedModel;
  readonly downloads: readonly Download[];
}

/** The same of `extend` and `prune`. */
export interface EditedModel extends EditReport {
  readonly published?: PublishedFolder;
}

/** A `SwapReview`, whose record and scores are types that the schema cannot be made from. */
export interface ReviewResult {
  readonly kind: "model" | "plan";
  readonly name: string;
  /** What `revocab.json` says; null of a plan. */
  readonly report: RecordOfSwap | null;
  readonly summary: PlanSummary;
  readonly tables: readonly TableReview[];
  readonly evaluation: ReviewedScores | null;
  readonly leaveOut: LeaveOut | null;
  /** The new tokens by id, as people read them. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly sourceTokens: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** What a text costs before and after: as the record has it, or measured anew. */
export interface ReviewedScores {
  readonly text: { readonly name: string; readonly documents: number; readonly bytes: number };
  /** Null without the source model. */
  readonly before: RecordedScore | SwapEvaluation["before"] | null;
  readonly after: RecordedScore | SwapEvaluation["after"];
  readonly byToken: ReviewedLosses | null;
  readonly notes: readonly string[];
}

/** A `LargeVocabularyReport`; the schema gets the fields of its facts from the schema that these are read by. */
export interface LargeVocabularyResult {
  readonly plan: PlanSummary;
  /** Tokens that were learned, by their ids. */
  readonly learned: readonly { readonly id: number; readonly token: string }[];
}

/** A score as a `revocab.json` has it. */
export interface RecordedScore {
  readonly kind: string;
}

/** What is taken from a `revocab.json`, which may come from anyone: what its reader lets pass (`parseReport`). */
export interface RecordOfSwap {
  readonly revocab: string;
}

/** A plan that was saved. */
export interface SavedPlan extends PlanSummary {
  /** Only where something came over the network. */
  readonly downloads?: readonly Download[];
}
