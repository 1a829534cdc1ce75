import type { InitMethod, Job, Role, TokenId } from "@revocab/core";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import type { OpenModel } from "./model/open-model.ts";
import type { Fitting } from "./target/fit-tokenizer.ts";

/** Where the rows of new digit tokens come from. */
export type DigitRows = "spelling" | "method";

export interface PlanOptions {
  readonly model: OpenModel;
  readonly tokenizer: Tokenizer;
  /** Initializes the rows of tokens that the two vocabularies do not share. */
  readonly method: InitMethod;
  /** Initializes the rows that `method` has nothing for. @default mean() */
  readonly fallback?: InitMethod;
  /** Copy the rows of shared tokens before the method is tried. @default true, but for a method that `changesShared` */
  readonly copyShared?: boolean;
  /**
   * Where the rows of digit tokens that the source lacks come from: their spelling in its tokens (`spelling`), or the method, as
   * those of all other tokens (`method`). @default "method"
   */
  readonly digits?: DigitRows;
  /** @default 0 */
  readonly seed?: number;
  /** Give a tied model a head of its own, which adds V · d parameters. @default false */
  readonly untie?: boolean;
  /** For a tied model that stays tied: the role whose rows input and head share. */
  readonly role?: Role;
  /** Padding rows are added until the number of rows is a multiple of this. */
  readonly padToMultipleOf?: number;
  /** The exact number of rows, in place of `padToMultipleOf`: for instance that of a model that it is served with. */
  readonly rows?: number;
  /** The least number of rows. @default as many as the tokenizer has ids */
  readonly minimumRows?: number;
  /**
   * [V_t] the source id of each target token where it is known; −1 leaves it to the alignment by bytes and roles; −2 for a
   * token that must not be aligned, because it gets a row of its own.
   * @default the alignment decides
   */
  readonly sourceOf?: Int32Array;
  /**
   * The target vocabulary is the source's with tokens added or renamed: rows of unused ids stay, too.
   * @default found by comparing the entries
   */
  readonly extendsSource?: boolean;
  /** Ids that were added or renamed: no two specials among them get the same row. @default none */
  readonly newTokens?: readonly TokenId[];
  /** What `fitTokenizer` did to the tokenizer, for the recipe. @default nothing */
  readonly fitting?: Fitting;
  /** The end-of-text token that was chosen: configs name it where the plan is applied. @default that of the configs */
  readonly eos?: string;
  /** A model that has rows for the target's tokens, for methods that read them. It stays open for as long as the plan's row source. @default none */
  readonly donor?: OpenModel | undefined;
  /** Signal, progress, and threads for kernels and for methods that run the model. */
  readonly job?: Job;
  /** The model's layers, where they are loaded already. @default loaded when a method runs the model */
  readonly transformer?: OpenTransformer;
}
