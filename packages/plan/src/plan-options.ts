import type { InitMethod, Job, Role, TokenId } from "@revocab/core";
import type { Transformer } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import type { OpenModel } from "./model/open-model.ts";
import type { Fitting } from "./target/fit-tokenizer.ts";

export interface PlanOptions {
  readonly model: OpenModel;
  readonly tokenizer: Tokenizer;
  /** Fills the rows of tokens the two vocabularies do not share. */
  readonly method: InitMethod;
  /** Fills the rows `method` has no evidence for. @default mean() */
  readonly fallback?: InitMethod;
  /** Copy the rows of shared tokens before the method is asked. @default true but for a method that `changesShared` */
  readonly copyShared?: boolean;
  /** @default 0 */
  readonly seed?: number;
  /** Give a tied model a head of its own, which adds V · d parameters. @default false */
  readonly untie?: boolean;
  /** For a tied model that stays tied: the role whose rows serve both. */
  readonly role?: Role;
  /** Rows are added until their number is a multiple of this. */
  readonly padToMultipleOf?: number;
  /** Rows that the target has, in place of a multiple: as many as another model it is served with. */
  readonly rows?: number;
  /** Rows that the target has at least. @default as many as it has ids */
  readonly minimumRows?: number;
  /**
   * [V_t] the source id of target tokens of which it is known, −1 for others: it goes before what their bytes say. −2 for a
   * token that is to have a row of its own, whatever its bytes or its role say.
   * @default nothing is known
   */
  readonly sourceOf?: Int32Array;
  /**
   * The target is the source with entries added or called otherwise, so that rows of no token stay as well.
   * @default told from the entries
   */
  readonly extendsSource?: boolean;
  /** Ids that were added to a vocabulary or got other names: specials among them never get one and the same row. @default none */
  readonly newTokens?: readonly TokenId[];
  /** What was done to the tokenizer for this model, for the record: see `fitTokenizer`. @default nothing */
  readonly fitting?: Fitting;
  /** The token that the tokenizer was told to end texts with: configs follow where the plan is applied. @default as they say */
  readonly eos?: string;
  /** `threads`: of the runtime, where a method runs the model. @default all cores */
  readonly job?: Job;
  /** The model's layers, where they are loaded already. @default loaded when a method asks for them */
  readonly transformer?: Transformer;
}
