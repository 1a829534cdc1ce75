import { join } from "node:path";
import {
  alignFiles,
  mixCorpus,
  readParallelLines,
  readPharaoh,
} from "../../../packages/parallel-text/dist/index.js";
import { damagedFolder } from "../mutate-file.mjs";

const files = {
  "source.txt": "the dog runs\na cat sleeps\n\nthe story in the tree\nthe dog sleeps in the tree\n",
  "target.txt": "der Hund rennt\neine Katze schläft\n\ndie Geschichte im Baum\nder Hund schläft im Baum\n",
  "links.align": "0-0 1-1 2-2\n0-0 1-1 2-2\n\n0-0 1-1 2-2 4-3\n0-0 1-1 2-2 3-3 5-4\n",
};
const seeds = [{ name: "pair", files, attacked: Object.keys(files) }];

export default function parallelTexts() {
  return { seeds, mutant: (random) => damagedFolder(random, seeds), read };
}

/** What `align-text` and `corpus mix` do with two texts and their alignment. */
async function read(folder, _, random) {
  const parallel = { source: join(folder, "source.txt"), target: join(folder, "target.txt") };
  const alignments = join(folder, "links.align");
  await readPharaoh(alignments, { lines: await readParallelLines(parallel), words: "whitespace" });
  if (!random.oneIn(4)) return [];
  await alignFiles({ parallel, out: join(folder, "out.align"), iterations: 1 });
  await mixCorpus({ parallel, alignments, words: "whitespace", out: join(folder, "mixed.txt") });
  return [];
}
