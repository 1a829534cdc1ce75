/**
 * What learning pieces and pruning do to a tokenizer. After a build:
 * `node tools/bench/edit-tokenizer.mjs learn TOKENIZER CORPUS COUNT OTHER_TEXT [SPARE]` prints tokens per byte of the corpus before and after, and
 * how many tokens of the other text are replaced by how many new ones;
 * `node tools/bench/edit-tokenizer.mjs prune TOKENIZER CORPUS` prints what is left, and whether the corpus is written with the same tokens.
 */

import { readFileSync } from "node:fs";
import { learnPieces, pruneTokenizer } from "@revocab/vocabulary-editing";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const [what, path, corpusPath, count, otherPath, sparePath] = process.argv.slice(2);
const linesOf = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean);
const tokenizer = await loadTokenizer(path);
const { size } = tokenizer.vocabulary;
const corpus = linesOf(corpusPath);
const bytes = corpus.reduce((sum, line) => sum + Buffer.byteLength(line), 0);

if (what === "learn") {
  const started = performance.now();
  const { tokenizer: learned, added } = await learnPieces({
    tokenizer,
    corpus,
    count: Number(count),
    ...(sparePath && { spare: linesOf(sparePath) }),
  });
  const seconds = (performance.now() - started) / 1000;
  const own = await compare(learned, corpus, (id) => id);
  const other = await compare(learned, linesOf(otherPath), (id) => id);
  console.log(`${added.length} pieces in ${seconds.toFixed(1)} s, all reached`);
  console.log(`tokens per byte ${(own.before / bytes).toFixed(4)} → ${(own.after / bytes).toFixed(4)}`);
  const replaced = other.before - (other.after - other.added);
  console.log(
    `other text: ${other.before} tokens → ${other.after}; ${other.added} new ones (${percent(other.added, other.after)}) for ${replaced} old ones (${percent(replaced, other.before)}); ${other.changed} lines without new tokens changed`,
  );
} else {
  const { tokenizer: pruned, newIdOf, counts } = await pruneTokenizer(tokenizer, { keepFor: corpus });
  const { changed } = await compare(pruned, corpus, (id) => newIdOf[id]);
  console.log(
    `${size} → ${counts.kept} tokens, ${counts.always} of them always there, ${counts.steps} as steps; ${changed} of ${corpus.length} lines written otherwise`,
  );
}

async function compare(edited, lines, newId) {
  const sums = { before: 0, after: 0, added: 0, changed: 0 };
  for (const line of lines) {
    const [before, after] = [await tokenizer.encode(line), await edited.encode(line)];
    const added = after.filter((id) => id >= size).length;
    sums.before += before.length;
    sums.after += after.length;
    sums.added += added;
    if (added === 0 && before.map(newId).join() !== after.join()) sums.changed++;
  }
  return sums;
}

function percent(part, whole) {
  return `${((100 * part) / whole).toFixed(2)} %`;
}
