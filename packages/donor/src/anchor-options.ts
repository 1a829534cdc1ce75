import { numberOption } from "@revocab/embedding-init";
import { checkOption, checkWord } from "@revocab/embedding-init/internal";
import { z } from "zod";

/** Which shared tokens may be anchors: `all`, or those whose rows look well trained in both models. */
export const ANCHOR_FILTERS = ["all", "well-trained"] as const;
export type AnchorFilter = (typeof ANCHOR_FILTERS)[number];

/** Tables in which a new token gets the source row of its longest known prefix. */
export const PREFIX_COPIES = ["none", "input", "output", "both"] as const;
export type PrefixCopies = (typeof PREFIX_COPIES)[number];

/** Options of every method with a donor. */
export interface AnchorOptions {
  /** At most so many anchors: those with the lowest ids in the donor, which most tokenizers number by frequency. @default all */
  readonly anchors?: number;
  /** `well-trained`: without tokens that look hardly trained in either model, see `wellTrainedTokens`. @default "all" */
  readonly filter?: AnchorFilter;
  /**
   * Where a new token gets, in place of what the donor says, a copy of the row of the longest source token that its text
   * begins with, if there is one that is not of spaces alone.
   * @default "none"
   */
  readonly prefix?: PrefixCopies;
}

/** {@link AnchorOptions} as a method gets them, with their defaults. */
export type GivenAnchorOptions = AnchorOptions & Required<Pick<AnchorOptions, "filter" | "prefix">>;

/** What methods with a donor need, for the catalog. */
export const DONOR_EVIDENCE = "a donor: a model that was trained with the target tokenizer";

/** The options of the catalog that every method with a donor has. */
export const anchorOptions = {
  anchors: numberOption(z.number())
    .optional()
    .describe("at most so many shared tokens, those with the lowest ids in the donor; all when not given"),
  filter: z
    .enum(ANCHOR_FILTERS)
    .default("all")
    .describe("well-trained: without shared tokens whose rows look hardly trained in either model"),
  prefix: z
    .enum(PREFIX_COPIES)
    .default("none")
    .describe("tables in which a new token gets the row of the longest source token that it begins with"),
};

/** @throws RevocabError bad_options, naming the option */
export function checkAnchorOptions({
  anchors,
  filter = "all",
  prefix = "none",
}: AnchorOptions): GivenAnchorOptions {
  if (anchors !== undefined) {
    checkOption("anchors", anchors, Number.isInteger(anchors) && anchors >= 2, "a whole number from 2");
  }
  checkWord("filter", filter, ANCHOR_FILTERS);
  checkWord("prefix", prefix, PREFIX_COPIES);
  return { ...(anchors !== undefined && { anchors }), filter, prefix };
}
