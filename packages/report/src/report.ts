import type { AuxiliaryFiles, ConfigChange, VerifiedTable, WrittenFiles } from "@revocab/checkpoint";
import type { TokenId } from "@revocab/core";
import type { MethodComparison, SwapEvaluation } from "@revocab/measure";
import type { ChosenChatTemplate, PlanSummary, Recipe } from "@revocab/plan";
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
 * The content of `revocab.json` in the output: enough to write the same bytes again, and to trust these. The file holds no time,
 * no path and no machine, so the same recipe on the same inputs gives the same report. The times of measurements are returned
 * by the functions, and are left out of the file.
 */
export interface SwapReport extends PlanSummary {
  readonly revocab: string;
  /** `edit`: where the target is the source's own tokenizer, edited. */
  readonly recipe: Recipe & { readonly edit?: EditRecipe };
  readonly inputs: {
    readonly source: InputFiles & { readonly fingerprint: string };
    readonly target: InputFiles & { readonly fingerprint: string };
  };
  /** The first of `architectures` in config.json, which is the class that opens the model; null where there is none. */
  readonly architecture: string | null;
  /** What the card takes from the source's card; the languages may have been given instead. */
  readonly card: CardFacts;
  readonly config: readonly (ConfigChange & { readonly file: string })[];
  /** What was removed from the configs, what was left though it looks wrong, and what could not be known. */
  readonly configNotes: readonly string[];
  /** `file` and `sample`: of a template that the user gave as a file. */
  readonly chatTemplate: Pick<ChosenChatTemplate, "from" | "file" | "sample">;
  readonly parameters: { readonly before: number; readonly after: number };
  readonly files: readonly ReportedFile[];
  /** sha256 by name of the tokenizer's files as they were written: fitted to the model, or edited. */
  readonly tokenizerFiles: Readonly<Record<string, string>>;
  /** sha256 by name of all written files except the weight files, the card and the report. */
  readonly contents: Readonly<Record<string, string>>;
  /** The auxiliary files of the source folder. */
  readonly companions: AuxiliaryFiles;
  /** The adapter in the model's own folder, where there is one. */
  readonly adapter?: WrittenAdapter;
  readonly gate: GateReport;
  /** What the swap cost on a text, before any training but that of rows; null when nothing was measured. */
  readonly evaluation: SwapEvaluation | null;
  /** How the method was chosen; null when it was named. */
  readonly comparison: MethodComparison | null;
  /** Where the target is the source's own tokenizer, edited. */
  readonly edit?: EditSummary;
  /** Where the target is the source's own tokenizer as it is: rows were trained, and nothing else was done. */
  readonly keepsTokenizer?: true;
  readonly notes: readonly string[];
}

/** An edit of a vocabulary in counts. */
export interface EditSummary {
  readonly pieces: number;
  /** Tokens that merges need on the way to the pieces. */
  readonly steps: number;
  readonly addedTokens: number;
  /** The first and the last id of what was added; null where nothing was. */
  readonly ids: { readonly first: TokenId; readonly last: TokenId } | null;
  /** Tokens that the tokenizer had and that became control tokens. */
  readonly promoted: ExtendedTokenizer["promoted"];
  readonly renamed: readonly RenamedToken[];
  readonly refused: ExtendedTokenizer["refused"];
  /** How many tokens were removed. */
  readonly removed: number;
  readonly pruned: PrunedTokenizer["counts"] | null;
}

export interface InputFiles {
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

/** The checks that the written folder passed before the rename. */
export interface GateReport {
  readonly checks: readonly { readonly name: string; readonly detail: string }[];
  /** Findings that passed and that a user should know. */
  readonly notes: readonly string[];
  /** All findings: rows of zeros, groups of equal rows, norm outliers. */
  readonly tables: readonly VerifiedTable[];
}

/** A tensor that was written anew. */
export interface RewrittenTensor {
  readonly name: string;
  readonly slot: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export interface WrittenAdapter {
  readonly rewritten: readonly RewrittenTensor[];
  /** How many tensors were copied as bytes. */
  readonly copied: number;
  /** Tensors that were left out: no row of the target comes from their tokens. */
  readonly gone: readonly string[];
  readonly config: readonly ConfigChange[];
}

/** The options of an edit: with the same texts they give the same tokenizer. */
export interface EditRecipe {
  readonly learn: {
    readonly text: TextRecord;
    readonly count: number;
    /** Null for the default. */
    readonly minimumCount: number | null;
    readonly spare: TextRecord | null;
  } | null;
  /** The file of words or tokens, which are added before `pieces` and `addedTokens`. */
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

/** A text that came from code, not from a file, has no name and no hash. */
export type TextRecord = FileRecord | { readonly name: null };
