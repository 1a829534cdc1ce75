// `revocab eval` beside the reference Python library: the same model, text, windows and threads, in one run.
// usage: node tools/bench/eval.mjs --tokenizer PATH --text FILE --python PYTHON [--max-bytes 60000] [--context 512] [--threads 2] [--runs 2] [--experts 0] [--scratch DIR]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measured } from "./measured.mjs";
import { writeSyntheticLlama } from "./synthetic-llama.mjs";

const { values } = parseArgs({
  options: {
    tokenizer: { type: "string" },
    text: { type: "string" },
    python: { type: "string" },
    "max-bytes": { type: "string", default: "60000" },
    context: { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "2" },
    experts: { type: "string", default: "0" },
    scratch: { type: "string", default: tmpdir() },
  },
});
const { tokenizer, text, python, context, threads, scratch, runs } = values;
if (!tokenizer || !text || !python) {
  console.error("usage: node tools/bench/eval.mjs --tokenizer PATH --text FILE --python PYTHON");
  process.exit(2);
}
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(scratch, "revocab-bench-"));
try {
  const model = join(folder, "model");
  const { parameters } = writeSyntheticLlama(model, tokenizer, {
    width: 768,
    inner: 2048,
    layers: 8,
    heads: 12,
    keyHeads: 12,
    shards: 1,
    experts: Number(values.experts),
  });
  const inFloat = (parameters * 4) / 1e6;
  console.log(
    `model: ${(parameters / 1e6).toFixed(0)} M parameters, ${inFloat.toFixed(0)} MB in f32, stored as bf16`,
  );
  const shared = [
    "--text",
    text,
    "--max-bytes",
    values["max-bytes"],
    "--context",
    context,
    "--threads",
    threads,
  ];
  const jobs = {
    "transformers (Python)": {
      command: [python, file("../oracle/bits_per_byte.py"), model, "--json", ...shared],
      read: (result) => [result.tokens_per_second, result.bits_per_byte],
    },
    "revocab eval": {
      command: [
        process.execPath,
        file("../../apps/revocab/bin/revocab.js"),
        "eval",
        model,
        "--json",
        "--quiet",
        ...shared,
      ],
      read: (result) => [result.tokensPerSecond, result.bitsPerByte],
    },
  };
  const best = {};
  for (let run = 1; run <= Number(runs); run++) {
    for (const [name, { command, read }] of Object.entries(jobs)) {
      const { output, seconds, peak } = await measured(command);
      const [perSecond, bitsPerByte] = read(JSON.parse(output));
      console.log(
        `run ${run}  ${name.padEnd(22)} ${perSecond.toFixed(0).padStart(6)} tokens/s  ${bitsPerByte.toFixed(4)} bits/byte  whole command ${seconds.toFixed(1)} s, peak ${peak.toFixed(0)} MB`,
      );
      best[name] = Math.max(best[name] ?? 0, perSecond);
    }
  }
  const [reference, ours] = Object.values(best);
  console.log(`best of ${runs}: revocab eval scores ${(ours / reference).toFixed(2)} × the tokens a second`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
