/**
 * Steps of training rows beside the same steps in PyTorch (tools/oracle/train_rows.py): the same model, text, tokens of a step and
 * threads, in turn. After a build:
 * `node tools/bench/train-rows.mjs --model FOLDER --text FILE [--python PYTHON] [--steps 20] [--batch-tokens 4096] [--threads 2] [--runs 2] [--memory 2GB]`
 *
 * Tokens per second are the median of all steps but the first. The cores must be idle.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readText } from "../../packages/files/dist/index.js";
import { openModel } from "../../packages/plan/dist/index.js";
import { trainRows } from "../../packages/rows-training/dist/index.js";
import { openTransformer, tablesOf } from "../../packages/transformer-runtime/dist/index.js";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    text: { type: "string" },
    python: { type: "string" },
    steps: { type: "string", default: "20" },
    "batch-tokens": { type: "string", default: "4096" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "2" },
    memory: { type: "string" },
    "max-bytes": { type: "string", default: "2000000" },
  },
});
const { model: folder, text: file, python, memory } = values;
if (folder === undefined || file === undefined) {
  console.error("usage: node tools/bench/train-rows.mjs --model FOLDER --text FILE [--python PYTHON]");
  process.exit(2);
}
const [steps, batchTokens, threads, runs] = ["steps", "batch-tokens", "threads", "runs"].map((name) =>
  Number(values[name]),
);
for (let run = 0; run < runs; run++) {
  console.log(`revocab  ${await ours()}`);
  if (python !== undefined) console.log(`PyTorch  ${theirs()}`);
}

async function ours() {
  const model = await openModel(folder);
  const job = { threads, ...(memory && { memory: Number(memory.replace(/GB$/, "")) * 1e9 }) };
  const transformer = await openTransformer(model.checkpoint, { job });
  const speeds = [];
  let last = performance.now();
  let before = 0;
  const onProgress = (event) => {
    if (event.type !== "progress" || event.step !== "train rows") return;
    const now = performance.now();
    speeds.push((1000 * (event.done - before)) / (now - last));
    [last, before] = [now, event.done];
  };
  try {
    const { documents } = await readText(file, { maxBytes: Number(values["max-bytes"]) });
    const { report } = await trainRows({
      transformer,
      tables: tablesOf(model.checkpoint),
      tokenizer: model.readable,
      documents,
      budget: { kind: "steps", steps },
      batchTokens,
      job: { ...job, onProgress },
    });
    return `${median(speeds.slice(1)).toFixed(0)} tokens/s, ${transformer.schedule.kind}, held-out text ${report.heldOut.before.toFixed(3)} → ${report.heldOut.after.toFixed(3)} bits per byte, peak ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`;
  } finally {
    await transformer.close();
    await model.close();
  }
}

function theirs() {
  const script = fileURLToPath(new URL("../oracle/train_rows.py", import.meta.url));
  const sizes = [
    "--steps",
    values.steps,
    "--batch-tokens",
    values["batch-tokens"],
    "--threads",
    values.threads,
  ];
  const output = execFileSync(python, [script, "--model", folder, "--text", file, ...sizes], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { tokensPerSecond, peakMegabytes } = JSON.parse(output.toString().trim().split("\n").at(-1));
  return `${tokensPerSecond.toFixed(0)} tokens/s, peak ${peakMegabytes.toFixed(0)} MB`;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
