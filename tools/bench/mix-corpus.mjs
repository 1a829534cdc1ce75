/**
 * How far a mixed text brings translations together, by skip-gram vectors trained on it:
 * `node tools/bench/mix-corpus.mjs SOURCE TARGET DICTIONARY ALIGNMENTS`, after a build.
 *
 * One half of the dictionary's source words is given to `mixCorpus`, the other half kept from it. For source words of either
 * half that the text has 20 times, the nearest target words by cosine are looked up; the score is how often the nearest one,
 * and one of the nearest five, is a translation. Every recipe is trained on as many words.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLines } from "@revocab/files";
import { mixCorpus, wordsOfLine } from "../../packages/parallel-text/dist/index.js";
import { readDictionary } from "../../packages/vocab-alignment/dist/index.js";
import { trainWordVectors, vectorsOfModel } from "../../packages/word-vectors/dist/index.js";

const [source, target, dictionaryPath, alignments] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "revocab-mix-"));
const given = join(folder, "given.txt");
const out = join(folder, "mixed.txt");
const { pairs } = await readDictionary(dictionaryPath);
const isGiven = (word) =>
  Array.from(word).reduce((sum, one) => (sum * 31 + one.codePointAt(0)) % 9973, 7) % 2 === 0;
writeFileSync(
  given,
  pairs
    .filter((pair) => isGiven(pair.source))
    .map((pair) => `${pair.source}\t${pair.target}\n`)
    .join(""),
);

const wordsOf = (line) => wordsOfLine(line.toLowerCase()).map(({ text }) => text);
const [sourceCounts, targetCounts] = [await countWords(source), await countWords(target)];
const questions = { given: new Map(), kept: new Map() };
for (const pair of pairs) {
  const [word, translation] = [pair.source.toLowerCase(), pair.target.toLowerCase()];
  if (word === translation || (sourceCounts.get(word) ?? 0) < 20 || (targetCounts.get(translation) ?? 0) < 5)
    continue;
  const asked = questions[isGiven(pair.source) ? "given" : "kept"];
  asked.set(word, (asked.get(word) ?? new Set()).add(translation));
}
// no word of both languages, which would be its own nearest
const candidates = [...targetCounts].filter(
  ([word, count]) => count >= 5 && (sourceCounts.get(word) ?? 0) < count / 10,
);
console.log(`words asked: ${questions.given.size} given, ${questions.kept.size} kept`);

const recipes = {
  "both as they are": { forms: ["plain"] },
  joined: { forms: ["joined"] },
  "interleaved, 1 word": { forms: ["interleaved"], wordsInPiece: 1 },
  "interleaved, 3 words": { forms: ["interleaved"] },
  "interleaved, 6 words": { forms: ["interleaved"], wordsInPiece: 6 },
  "swapped by dictionary": { forms: ["swapped"], dictionary: given },
  "swapped by alignments": { forms: ["swapped"], alignments },
  "the default with a dictionary": { dictionary: given },
  "the default with alignments": { alignments },
  "the default with both": { dictionary: given, alignments },
};
for (const [name, recipe] of Object.entries(recipes)) {
  await mixCorpus({ parallel: { source, target }, ...recipe, out });
  const lines = (await readLines(out)).map(wordsOf);
  const words = lines.reduce((sum, line) => sum + line.length, 0);
  const model = await trainWordVectors({
    documents: documentsOf(lines),
    dimension: 50,
    epochs: Math.max(1, Math.round(4e6 / words)),
    minN: 0,
    maxN: 0,
    job: { threads: 1 },
  });
  const vectors = vectorsOfModel(model);
  const known = candidates.flatMap(([word]) => {
    const vector = vectors.indexOf(word) === undefined ? undefined : unit(vectors.vectorOf(word));
    return vector ? [{ word, vector }] : [];
  });
  const scores = Object.entries(questions).map(([half, asked]) => `${half} ${score(vectors, known, asked)}`);
  console.log(`${name.padEnd(30)} ${scores.join("   ")}`);
}
rmSync(folder, { recursive: true });

async function countWords(path) {
  const counts = new Map();
  for (const line of await readLines(path)) {
    for (const word of wordsOf(line)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

async function* documentsOf(lines) {
  yield* lines;
}

function unit(vector) {
  const norm = Math.hypot(...vector) || 1;
  return vector.map((value) => value / norm);
}

function score(vectors, known, asked) {
  let [first, five] = [0, 0];
  for (const [word, translations] of asked) {
    const vector = unit(vectors.vectorOf(word));
    const near = known
      .map((one) => ({
        word: one.word,
        cosine: one.vector.reduce((sum, value, i) => sum + value * vector[i], 0),
      }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 5);
    if (translations.has(near[0].word)) first++;
    if (near.some((one) => translations.has(one.word))) five++;
  }
  const percent = (count) => `${((100 * count) / asked.size).toFixed(0)} %`.padStart(5);
  return `${percent(first)} first, ${percent(five)} of five`;
}
