import { join } from "node:path";
import { learnPieces, pruneTokenizer } from "@revocab/vocabulary-editing";
import { readText } from "../../../packages/files/dist/index.js";
import { readCorpus } from "../../../packages/transfer/dist/index.js";
import { loadTokenizer } from "../../../packages/vocabulary/dist/index.js";
import { made, repositoryFile, writeFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { smallTokenizers } from "../seeds/small-tokenizers.mjs";

const stories = repositoryFile("sample/stories.txt");
const seeds = [
  { name: "stories", files: { "text.txt": stories }, attacked: ["text.txt"] },
  {
    name: "documents",
    files: { "text.txt": stories.toString("utf8").replaceAll("\n\n", "\n<|endoftext|>\n") },
    attacked: ["text.txt"],
  },
];

export default async function texts(inputs) {
  const files = { "tokenizer.json": JSON.stringify(smallTokenizers()["byte-level"]) };
  const tokenizer = await loadTokenizer(await made(inputs, "small", (place) => writeFolder(place, files)));
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: (folder, _, random) => read(folder, tokenizer, random),
  };
}

/** What `eval`, `extend --learn` and `prune --keep-for` do with a text. */
async function read(folder, tokenizer, random) {
  const path = join(folder, "text.txt");
  const { notes } = await readText(path);
  const corpus = readCorpus(path);
  for await (const _ of corpus);
  if (!random.oneIn(12)) return notes;
  await learnPieces({ tokenizer, corpus, count: 3 });
  await pruneTokenizer(tokenizer, { keepFor: corpus });
  return notes;
}
