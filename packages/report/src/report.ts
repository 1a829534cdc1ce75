import type { AuxiliaryFiles, ConfigChange, VerifiedTable, WrittenFiles } from "@revocab/checkpoint";
import type { TokenId } from "@revocab/core";
import type { MethodComparison, SwapEvaluation } from "@revocab/measure";
import type { PlanSummary, Recipe } from "@revocab/plan";
import type { ChosenChatTemplate } from "@revocab/plan/internal";
import type {
  ExtendedTokenizer,
  NewAddedToken,
  NewPiece,
  PrunedTokenizer,
  RenamedToken,
  TokenRename,
} from "@revocab/vocabulary-editing";
import type { CardFacts } from "./card-facts.ts";

/**
 * What `revocab.json` in the output says: enough to make the same bytes again, and to trust these.
 * The file holds no time, no path and no machine: the same recipe on the same inputs gives the same report. (The times of
 * measurements are in what the functions return, and are left out of the file.)
 */
export interface SwapReport extends PlanSummary {
  readonly revocab: string;
  /** With what was done to the source's own tokenizer, where the target is that. */
  readonly recipe: Recipe & { readonly edit?: EditRecipe };
  readonly inputs: {
    readonly source: InputFiles & { readonly fingerprint: string };
    readonly target: InputFiles & { readonly fingerprint: string };
  };
  /** What the card carries over from the source's, and the languages that were named instead. */
  readonly card: CardFacts;
  readonly config: readonly (ConfigChange & { readonly file: string })[];
  /** What was dropped from the configs, was left as it was though it looks wrong, or could not be known. */
  readonly configNotes: readonly string[];
  /** Of one from a file also its name and a sample conversation. */
  readonly chatTemplate: Pick<ChosenChatTemplate, "from" | "file" | "sample">;
  readonly parameters: { readonly before: number; readonly after: number };
  readonly files: readonly ReportedFile[];
  /** sha256 by name of the tokenizer's files as they were written: fitted to the model, or edited. */
  readonly tokenizerFiles: Readonly<Record<string, string>>;
  /** sha256 by name of all files as they were written but the weight files, the card and the report. */
  readonly contents: Readonly<Record<string, string>>;
  /** The other files of the source folder. */
  readonly companions: AuxiliaryFiles;
  /** The adapter that lay beside the model, where one did. */
  readonly adapter?: WrittenAdapter;
  readonly gate: GateReport;
  /** What the swap cost on a text, before any training; null when nothing was measured. */
  readonly evaluation: SwapEvaluation | null;
  /** How the method was chosen; null when it was named. */
  readonly comparison: MethodComparison | null;
  /** What came of the edit of the source's own tokenizer, where the target is that. */
  readonly edit?: EditSummary;
  readonly notes: readonly string[];
}

/** An edit of a vocabulary in counts. */
export interface EditSummary {
  readonly pieces: number;
  /** Tokens that only lead to pieces. */
  readonly steps: number;
  readonly addedTokens: number;
  /** The first and the last id of what was added; null where nothing was. */
  readonly ids: { readonly first: TokenId; readonly last: TokenId } | null;
  /** Entries that the tokenizer had and that are control tokens now. */
  readonly promoted: ExtendedTokenizer["promoted"];
  readonly renamed: readonly RenamedToken[];
  readonly refused: ExtendedTokenizer["refused"];
  /** How many tokens were taken out. */
  readonly removed: number;
  readonly pruned: PrunedTokenizer["counts"] | null;
}

interface InputFiles {
  readonly name: string;
  readonly revision: string | null;
  /** File name → sha256. */
  readonly files: Readonly<Record<string, string>>;
}

/** A weight file, or the index, as a report names it. */
export type ReportedFile = WrittenFiles["files"][number] & {
  /** sha256 in hex of the header of safetensors, with the 8 bytes before it that say its length. */
  readonly headerSha256?: string;
};

/** What was checked on the written folder before it took its place. */
export interface GateReport {
  readonly checks: readonly { readonly name: string; readonly detail: string }[];
  /** What was found and let pass, and a user should know. */
  readonly notes: readonly string[];
  /** The whole finding: zero rows, groups of identical rows, norm outliers. */
  readonly tables: readonly VerifiedTable[];
}

/** A tensor that has changed. */
export interface RewrittenTensor {
  readonly name: string;
  readonly slot: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export interface WrittenAdapter {
  readonly rewritten: readonly RewrittenTensor[];
  /** How many tensors moved as bytes. */
  readonly copied: number;
  /** Tensors that were left out: rows of tokens that the target has nothing of. */
  readonly gone: readonly string[];
  readonly config: readonly ConfigChange[];
}

/** An edit of a vocabulary as it was asked for: with the same texts it gives the same tokenizer. */
export interface EditRecipe {
  readonly learn: {
    readonly text: TextRecord;
    readonly count: number;
    /** Null where the default is in force. */
    readonly minimumCount: number | null;
    readonly spare: TextRecord | null;
  } | null;
  /** The file of words or tokens, which go before `pieces` and `addedTokens`. */
  readonly tokens: (FileRecord & { readonly asWritten: boolean }) | null;
  readonly pieces: readonly (string | NewPiece)[];
  readonly addedTokens: readonly (string | NewAddedToken)[];
  /** Only where tokens were renamed, or another end of texts was named. */
  readonly renames?: readonly TokenRename[];
  readonly renamedRows?: "keep" | "make";
  readonly eos?: string;
  readonly skipRefused: boolean;
  readonly prune: {
    readonly keepFor: TextRecord | null;
    /** Ids of the model's own tokens that were named. */
    readonly keep: readonly number[];
    readonly atMost: number | null;
    readonly keepIds: boolean;
  } | null;
}

/** A file without its path. */
export interface FileRecord {
  readonly name: string;
  readonly sha256: string;
}

/** A text that came from no file, but from code, cannot be told apart from others. */
export type TextRecord = FileRecord | { readonly name: null };
