import { checkOption, checkWord } from "@revocab/embedding-init/internal";

/** `standard`: each negative has a sigmoid of its own; `as-published`: one sigmoid of the sum of a pair's negatives. */
export const CW2V_LOSSES = ["standard", "as-published"] as const;
export type Cw2vLoss = (typeof CW2V_LOSSES)[number];

/** Whether the head's rows have weights of their own, or those of the input. */
export const CW2V_HEADS = ["both", "one"] as const;
export type Cw2vHeads = (typeof CW2V_HEADS)[number];

export interface Cw2vOptions {
  /** A UTF-8 file of text in which new tokens and those that both vocabularies have stand together, a sentence on each line. */
  readonly text: string;
  /** Columns of A₁ and rows of A₂; there are never more than source tokens. @default 1024 */
  readonly rank?: number;
  /** @default 5 */
  readonly epochs?: number;
  /** Tokens to each side that a center is paired with. @default 5 */
  readonly window?: number;
  /** Tokens drawn for each pair. @default 5 */
  readonly negatives?: number;
  /** Of Adam. @default 3e-4 */
  readonly learningRate?: number;
  /** `as-published` sums a pair's negatives inside one sigmoid, as the reference does. @default "standard" */
  readonly loss?: Cw2vLoss;
  /** Whether the head's rows have weights of their own. @default "one", which measures better than the reference's "both" */
  readonly heads?: Cw2vHeads;
  /** A token that the text has f times is a center with probability √(subsample / f); 0: always. @default 2 */
  readonly subsample?: number;
  /** Pairs in a step. @default 4096 */
  readonly batch?: number;
  /** Share of the lines that are held out for early stopping: training stops when the loss on them no longer falls. @default 0 */
  readonly heldOut?: number;
  /** Source tokens in a row, the heaviest. @default 64 */
  readonly top?: number | "all";
  /** A file the training is kept in, and resumed from. @default none */
  readonly checkpoint?: string;
  /** Of memory, at most, in GB of 10⁹ bytes. @default three quarters of the machine's */
  readonly memory?: number;
  /** Threads for products of matrices. @default those of the job, else all cores */
  readonly threads?: number;
}

export type Cw2vSettings = ReturnType<typeof cw2vSettings>;

/** Options with their defaults. @throws RevocabError bad_options, naming the option */
export function cw2vSettings({
  rank = 1024,
  epochs = 5,
  window = 5,
  negatives = 5,
  learningRate = 3e-4,
  loss = "standard",
  subsample = 2,
  batch = 4096,
  heldOut = 0,
  top = 64,
  ...rest
}: Cw2vOptions) {
  for (const [name, value] of Object.entries({ rank, epochs, window, negatives, batch })) {
    checkOption(name, value, Number.isInteger(value) && value >= 1, "a whole number from 1");
  }
  if (top !== "all")
    checkOption("top", top, Number.isInteger(top) && top >= 1, "a whole number from 1, or all");
  checkOption("learningRate", learningRate, learningRate > 0, "a number above 0");
  checkOption("subsample", subsample, subsample >= 0, "a number from 0");
  checkOption("heldOut", heldOut, heldOut >= 0 && heldOut < 1, "a share from 0 to below 1");
  if (rest.threads !== undefined)
    checkOption(
      "threads",
      rest.threads,
      Number.isInteger(rest.threads) && rest.threads >= 1,
      "a whole number from 1",
    );
  if (rest.memory !== undefined) checkOption("memory", rest.memory, rest.memory > 0, "a number above 0");
  checkWord("loss", loss, CW2V_LOSSES);
  if (rest.heads !== undefined) checkWord("heads", rest.heads, CW2V_HEADS);
  return {
    ...{ rank, epochs, window, negatives, learningRate, loss, subsample, batch, heldOut, top },
    ...rest,
  };
}
