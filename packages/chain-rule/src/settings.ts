import { RevocabError } from "@revocab/core";
import { checkOption } from "@revocab/embedding-init/internal";

/** How far head rows are fitted to the hidden states of a text. */
export const CORRECTIONS = ["none", "map", "contextual"] as const;
export type Correction = (typeof CORRECTIONS)[number];

export interface ChainRuleOptions {
  /** A UTF-8 text like those the model will read and write. */
  readonly text?: string;
  /**
   * Source tokens of text that the model generates, used beside the text or instead of it. With 0 and without a text, shares
   * follow from the order of the target's ids, and the model is run on random target tokens.
   * @default 40_000 without a text, 0 with one
   */
  readonly written?: number;
  /** The weight of a piece at the input, relative to the piece after it, 0 … 1. @default 0.5 */
  readonly fade?: number;
  /** Added to each token's count in the text, > 0. @default 0.1 */
  readonly smoothing?: number;
  /**
   * - `none`: head rows are the formula's alone;
   * - `map`: they are multiplied by M, which maps the hidden states of the new tokens to those of the old;
   * - `contextual`: in addition they are fitted to what follows each hidden state of the text.
   * @default "contextual", and "none" without any text
   */
  readonly correction?: Correction;
  /** Source tokens of the text that the model is run on. @default 40_000 */
  readonly states?: number;
  /**
   * How long reading the text and the fits may take, on this machine: the model is run on as many tokens as this allows, `states` at most. The
   * plan notes how many these were, for a run that shall give the same rows.
   * @default no limit
   */
  readonly seconds?: number;
  /** Threads for products of matrices. @default those of the job, else all cores */
  readonly threads?: number;
}

export type ChainRuleSettings = ReturnType<typeof chainRuleSettings>;

/** Options with their defaults. @throws RevocabError bad_options, naming the option */
export function chainRuleSettings({
  text,
  fade = 0.5,
  smoothing = 0.1,
  written = text === undefined ? 40_000 : 0,
  correction = text === undefined && written === 0 ? "none" : "contextual",
  states = 40_000,
  seconds,
  threads,
}: ChainRuleOptions) {
  checkOption("fade", fade, fade >= 0 && fade <= 1, "a number from 0 to 1");
  checkOption("smoothing", smoothing, smoothing > 0, "a number above 0");
  checkOption("states", states, Number.isInteger(states) && states >= 100, "a whole number from 100");
  if (seconds !== undefined) checkOption("seconds", seconds, seconds > 0, "a number above 0");
  checkOption("written", written, Number.isInteger(written) && written >= 0, "a whole number from 0");
  if (!CORRECTIONS.includes(correction)) {
    throw new RevocabError(
      "bad_options",
      `correction is "${correction}", expected ${CORRECTIONS.join(", ")}`,
    );
  }
  if (text === undefined && written === 0 && correction !== "none") {
    throw new RevocabError(
      "bad_options",
      `found the correction "${correction}" without a text, which it needs`,
      {
        hint: "pass text=FILE or written=40000, or correction=none",
      },
    );
  }
  if (seconds !== undefined && text === undefined) {
    throw new RevocabError(
      "bad_options",
      "found seconds without a text, of which they say how much is read",
      {
        hint: "pass text=FILE, or leave seconds out",
      },
    );
  }
  return { text, fade, smoothing, written, correction, states, seconds, threads };
}
