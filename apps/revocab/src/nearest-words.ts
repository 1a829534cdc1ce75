import { type Job, type Matrix, RevocabError } from "@revocab/core";
import { nearestRows } from "@revocab/neighbors";
import { readWordVectors, storedVectors } from "@revocab/word-vectors";

export interface NearWord {
  readonly word: string;
  readonly cosine: number;
}

/** @throws RevocabError `no_evidence` when nothing is known of the word */
export async function nearestWords({
  file,
  word,
  k,
  maxWords,
  job,
}: {
  readonly file: string;
  readonly word: string;
  readonly k: number;
  readonly maxWords?: number;
  readonly job: Job;
}): Promise<readonly NearWord[]> {
  const vectors = await readWordVectors(file, {
    maxWords,
    job,
  });
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
