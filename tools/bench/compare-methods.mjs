// `revocab compare` with six methods beside one, of a model that is run layer by layer, in one run.
// usage: node tools/bench/compare-methods.mjs --source-tokenizer PATH --tokenizer PATH --text FILE [--memory 1500MB] [--max-bytes 1000] [--scratch DIR]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measured } from "./measured.mjs";
import { writeSyntheticLlama } from "./synthetic-llama.mjs";

const METHODS = [
  "mean",
  "subtoken-mean",
  "subtoken-mean:weighting=front-loaded",
  "subtoken-mean:weighting=byte-length",
  "random",
  "univariate-normal",
];

const { values } = parseArgs({
  options: {
    "source-tokenizer": { type: "string" },
    tokenizer: { type: "string" },
    text: { type: "string" },
    memory: { type: "string", default: "1500MB" },
    "max-bytes": { type: "string", default: "1000" },
    scratch: { type: "string", default: tmpdir() },
  },
});
const { "source-tokenizer": own, tokenizer, text, memory, scratch } = values;
if (!own || !tokenizer || !text) {
  console.error(
    "usage: node tools/bench/compare-methods.mjs --source-tokenizer PATH --tokenizer PATH --text FILE",
  );
  process.exit(2);
}
const command = fileURLToPath(new URL("../../apps/revocab/bin/revocab.js", import.meta.url));
const folder = mkdtempSync(join(scratch, "revocab-bench-"));
try {
  const model = join(folder, "model");
  writeSyntheticLlama(model, own);
  const shared = ["--tokenizer", tokenizer, "--text", text, "--max-bytes", values["max-bytes"]];
  let one = Number.NaN;
  for (const methods of [METHODS.slice(0, 1), METHODS]) {
    const args = [
      "compare",
      model,
      ...shared,
      "--methods",
      methods.join(),
      "--memory",
      memory,
      "--json",
      "--quiet",
    ];
    const { output, seconds, processorSeconds, peak } = await measured([process.execPath, command, ...args]);
    const { methods: tried } = JSON.parse(output);
    if (methods.length === 1) one = seconds;
    console.log(
      `${String(tried.length).padStart(2)} methods: ${seconds.toFixed(1)} s (processor ${processorSeconds.toFixed(0)} s), peak ${peak.toFixed(0)} MB, ${(seconds / one).toFixed(2)} × one`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
