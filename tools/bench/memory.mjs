// `revocab eval` of a large model in little memory: whole, layer by layer, and transformers with its weights on disk, in one run.
// usage: node tools/bench/memory.mjs --tokenizer PATH --text FILE [--shape 1.1b|7b] [--memory 12GB,1500MB] [--max-bytes 30000] [--python PYTHON --offload 1500MB] [--runs 1] [--scratch DIR]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openMatrixProduct } from "@revocab/onnx";
import { measured } from "./measured.mjs";
import { writeSyntheticLlama } from "./synthetic-llama.mjs";

const SHAPES = {
  "0.1b": { width: 768, inner: 2048, layers: 8, heads: 12, keyHeads: 12, shards: 1 },
  "1.1b": {},
  "7b": { width: 4096, inner: 11_008, layers: 32, heads: 32, keyHeads: 32, shards: 6 },
};

const { values } = parseArgs({
  options: {
    tokenizer: { type: "string" },
    text: { type: "string" },
    shape: { type: "string", default: "1.1b" },
    memory: { type: "string", default: "12GB,1500MB" },
    "max-bytes": { type: "string", default: "30000" },
    python: { type: "string" },
    offload: { type: "string" },
    runs: { type: "string", default: "1" },
    scratch: { type: "string", default: tmpdir() },
  },
});
const { tokenizer, text, shape, memory, python, offload, scratch, runs } = values;
if (!tokenizer || !text || !SHAPES[shape]) {
  console.error("usage: node tools/bench/memory.mjs --tokenizer PATH --text FILE [--shape 1.1b|7b]");
  process.exit(2);
}
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(scratch, "revocab-bench-"));
process.on("SIGINT", () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(1);
});
try {
  const model = join(folder, "model");
  const { parameters } = writeSyntheticLlama(model, tokenizer, SHAPES[shape]);
  console.log(
    `model: ${(parameters / 1e9).toFixed(2)} B parameters in bf16, ${(parameters * 2e-9).toFixed(1)} GB on disk`,
  );
  const rate = await multiplyAddsPerSecond();
  console.log(`products of f32 matrices: ${((2 * rate) / 1e9).toFixed(0)} GF/s`);
  const shared = ["--text", text, "--max-bytes", values["max-bytes"]];
  const jobs = {};
  for (const size of memory.split(",")) {
    jobs[`revocab eval --memory ${size}`] = {
      command: [
        ...[process.execPath, file("../../apps/revocab/bin/revocab.js"), "eval", model, "--json", "--quiet"],
        ...[...shared, "--memory", size],
      ],
      read: (result) => [result.tokens, result.bitsPerByte],
    };
  }
  if (python) {
    jobs[`transformers, disk offload beyond ${offload}`] = {
      command: [
        ...[python, file("../oracle/bits_per_byte.py"), model, "--json", ...shared, "--context", "512"],
        ...["--threads", "2", "--batch", "64", "--memory", offload, "--offload", join(folder, "offload")],
      ],
      read: (result) => [result.tokens, result.bits_per_byte],
    };
  }
  for (let run = 1; run <= Number(runs); run++) {
    for (const [name, { command, read }] of Object.entries(jobs)) {
      const { output, seconds, processorSeconds, peak } = await measured(command);
      const [tokens, bitsPerByte] = read(JSON.parse(output));
      const share = (parameters * tokens) / rate / seconds;
      console.log(
        `run ${run}  ${name.padEnd(44)} ${seconds.toFixed(1).padStart(6)} s (processor ${processorSeconds.toFixed(0)} s), peak ${peak.toFixed(0)} MB, ${bitsPerByte.toFixed(6)} bits/byte, ${(100 * share).toFixed(0)} % of it in products`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Of the shape that most of a layer's are. */
async function multiplyAddsPerSecond() {
  const [rows, width, columns] = [512, 2048, 4096];
  const product = await openMatrixProduct({ transposeRight: true });
  const left = { rows, columns: width, data: new Float32Array(rows * width).fill(0.5) };
  const right = { rows: columns, columns: width, data: new Float32Array(columns * width).fill(0.5) };
  await product.multiply(left, right);
  const started = performance.now();
  for (let i = 0; i < 5; i++) await product.multiply(left, right);
  const seconds = (performance.now() - started) / 5000;
  await product.release();
  return (rows * width * columns) / seconds;
}
