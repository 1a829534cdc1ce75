import { type Matrix, RevocabError } from "@revocab/core";
import { figure, table } from "@revocab/report-document";
import type { Command } from "commander";
import { type CommandContext, runCommand } from "../run-command.ts";
import { wholeNumber, withThreads } from "./options/values.ts";
import { registerVectorsAlign } from "./vectors-align.ts";
import { registerVectorsTrain } from "./vectors-train.ts";

export function registerVectors(program: Command): void {
  const command = program
    .command("vectors")
    .summary("train, look at and align static word vectors")
    .description(
      "Static word vectors, in fastText's and word2vec's formats: inputs of focus, wechsel and ofa.",
    );
  registerVectorsTrain(command);
  registerVectorsNearest(command);
  registerVectorsAlign(command);
}

interface NearestFlags {
  readonly neighbors: number;
  readonly maxWords?: number;
}

function registerVectorsNearest(vectors: Command): void {
  const command = vectors
    .command("nearest")
    .summary("the words nearest to a word")
    .description("The words whose vectors are nearest to that of a word, by cosine.")
    .argument("<file>", "vectors: .bin, .vec or word2vec")
    .argument("<word>", "any word, where the vectors have n-grams")
    .option("--neighbors <n>", "how many", wholeNumber(1), 10)
    .option("--max-words <n>", "look among the first n words of the file", wholeNumber(1));
  withThreads(command, "threads of the runtime (all cores)").action(
    async (file: string, word: string, flags: NearestFlags) => {
      await runCommand(
        command,
        (context) => nearestWords(file, word, { ...flags, ...context }),
        (found) => ({ blocks: [table(found.map(({ word: near, cosine }) => [near, figure(cosine, 3)]))] }),
        { readsOnly: true },
      );
    },
  );
}

export interface NearWord {
  readonly word: string;
  readonly cosine: number;
}

/** @throws RevocabError `no_evidence` when the vectors know neither the word nor its n-grams */
async function nearestWords(
  file: string,
  word: string,
  { neighbors: k, maxWords, job }: NearestFlags & CommandContext,
): Promise<readonly NearWord[]> {
  const { nearestRows } = await import("@revocab/neighbors");
  const { readWordVectors, storedVectors } = await import("@revocab/word-vectors");
  const vectors = await readWordVectors(file, { maxWords, job });
  const vector = vectors.vectorOf(word);
  if (vector === undefined) {
    throw new RevocabError("no_evidence", `${file} has no vector for "${word}"`, {
      hint: vectors.hasSubwords
        ? "none of its n-grams is known either"
        : "these vectors have no n-grams: only their own words can be looked up",
    });
  }
  const queries: Matrix = { rows: 1, columns: vectors.dimension, data: vector };
  const own = vectors.indexOf(word);
  const { ids, similarities } = await nearestRows({
    queries,
    rows: storedVectors(vectors),
    k,
    metric: "cosine",
    isCandidate: (row) => row !== own,
    job,
  });
  return Array.from(ids, (id, i) => ({ word: vectors.words[id], cosine: similarities[i] }));
}
