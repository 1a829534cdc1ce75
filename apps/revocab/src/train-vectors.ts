import { type Job, RevocabError } from "@revocab/core";
import { tokensOfLines } from "@revocab/embedding-init";
import { loadTokenizer } from "@revocab/vocabulary";
import { trainWordVectors, vectorsOfModel, writeFastText, writeTextVectors } from "@revocab/word-vectors";
import { checkPlace } from "./check-place.ts";

export interface TrainVectorsOptions {
  readonly text: string;
  readonly tokenizer?: string;
  /** Ends in .bin or .vec. */
  readonly out: string;
  readonly force?: boolean;
  readonly model: "skipgram" | "cbow";
  readonly dim: number;
  readonly epochs: number;
  readonly minCount: number;
  readonly minN: number;
  readonly maxN: number;
  readonly buckets: number;
  readonly window: number;
  readonly negatives: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly job: Job;
}

export interface TrainedVectors {
  readonly words: number;
  readonly dimension: number;
  /** Of the text, rare ones included. */
  readonly tokens: number;
  readonly out: string;
}

/** Trains vectors on a text, of its words or of the tokens it is written with, and writes them. */
export async function trainVectors({
  text,
  tokenizer,
  out,
  force = false,
  dim,
  job,
  ...numbers
}: TrainVectorsOptions): Promise<TrainedVectors> {
  checkOutput(out, force);
  const documents =
    tokenizer === undefined ? text : tokensOfLines(text, await loadTokenizer(tokenizer, { reading: "file" }));
  const model = await trainWordVectors({ ...numbers, documents, dimension: dim, job });
  if (out.endsWith(".bin")) await writeFastText(out, model, job);
  else await writeTextVectors(out, vectorsOfModel(model), { job });
  const { words, tokenCount } = model.dictionary;
  return { words: words.length, dimension: dim, tokens: tokenCount, out };
}

/**
 * Before the work, which can take hours.
 * @throws RevocabError `bad_options` for a name with another ending, `output_exists`, `write_failed`
 */
export function checkOutput(
  out: string,
  force: boolean,
  endings: readonly string[] = [".bin", ".vec"],
): void {
  if (!endings.some((ending) => out.endsWith(ending))) {
    throw new RevocabError(
      "bad_options",
      `--out is ${out}; a name that ends in ${endings.join(" or ")} was expected`,
      {
        hint: endings.includes(".bin")
          ? ".bin is fastText's format and keeps the n-grams; .vec is text, words alone"
          : "turned vectors are written as text, words alone",
      },
    );
  }
  checkPlace(out, force);
}
