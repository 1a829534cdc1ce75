// Two texts of nine documents each, of three kinds in turn: stories, captions of pictures, speeches. Models that vote are scored on one, and their weights fitted on the other.
// usage: node tools/bench/mix-documents.mjs tinystories.txt multi30k.en.txt shakespeare.txt SCORED FITTED
import { readFileSync, writeFileSync } from "node:fs";
import { splitDocuments } from "../../packages/files/dist/index.js";

const [stories, captions, speeches, scored, fitted] = process.argv.slice(2);
if (fitted === undefined) {
  console.error(
    "usage: node tools/bench/mix-documents.mjs tinystories.txt multi30k.en.txt shakespeare.txt SCORED FITTED",
  );
  process.exit(2);
}
const read = (file) => readFileSync(file, "utf8");
const held = splitDocuments(read(stories), "endoftext").slice(1350);
const lines = read(captions).split("\n");
const parts = read(speeches).split("\n\n");

for (const [file, start] of [
  [scored, 0],
  [fitted, 10],
]) {
  const documents = [start, start + 1, start + 2].flatMap((i) => [
    held[i].trim(),
    lines.slice(10 * i, 10 * i + 10).join("\n"),
    parts.slice(6 * i, 6 * i + 6).join("\n\n"),
  ]);
  writeFileSync(file, `${documents.join("\n<|endoftext|>\n")}\n`);
}
