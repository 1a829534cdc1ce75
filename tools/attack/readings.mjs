import { join } from "node:path";
import { generateText } from "@revocab/measure";
import { inspectPath } from "@revocab/plan";
import { openCheckpoint } from "../../packages/checkpoint/dist/index.js";
import { subtokenMean } from "../../packages/embedding-init/dist/index.js";
import { swapTokenizer } from "../../packages/transfer/dist/index.js";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";
import { made, tinyTokenizer, writeFolder } from "./inputs.mjs";

/** Short texts of every sort, and a word that is long enough for a regex to be slow on it. */
const TEXTS = [
  "",
  "The story in a  tree!",
  "Hellö wörld 語\n😀 12345",
  "a".repeat(200),
  `${"ab ".repeat(30)}\u0000\ufffd`,
];

/**
 * What `inspect` and `swap` do with a tokenizer: it is read as AutoTokenizer does and as it would be published; of what is accepted,
 * every one that is known to kill and one in `runs` is also run, which starts two processes.
 */
export function tokenizerReading({ runs = 24 } = {}) {
  return async (folder, { what }, random) => {
    const { surprises } = await inspectPath(folder);
    const published = await loadTokenizer(folder, { reading: "file" });
    published.bpeNeighbours();
    published.textCuts();
    if (what.includes("killer") || random.oneIn(runs)) {
      await runTokenizer(published);
      await runTokenizer(await loadTokenizer(folder));
    }
    return [...surprises, ...published.notes];
  };
}

async function runTokenizer(tokenizer) {
  for (const text of TEXTS) {
    await tokenizer.normalize(text);
    await tokenizer.decode(await tokenizer.encode(text));
  }
  await tokenizer.encodeWithSpecials(TEXTS[1], TEXTS[2]);
}

/** What `inspect` does with a model; of one in sixteen also what `swap` and `generate` do. */
export function modelReading(inputs) {
  return async (folder, _, random) => {
    const { surprises } = await inspectPath(folder);
    await (await openCheckpoint(folder)).close();
    if (!random.oneIn(16)) return surprises;
    const target = await made(inputs, "target", (place) => writeFolder(place, tinyTokenizer(20)));
    const { notes, configNotes = [] } = await swapTokenizer({
      model: folder,
      tokenizer: target,
      method: subtokenMean(),
      out: join(folder, "../out"),
      job: { threads: 1 },
    });
    await generateText({ model: folder, prompt: "the story", maxTokens: 2, job: { threads: 1 } });
    return [...surprises, ...notes, ...configNotes];
  };
}
