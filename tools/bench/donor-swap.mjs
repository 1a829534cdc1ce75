/**
 * How long a whole swap with a donor takes: `node tools/bench/donor-swap.mjs --source-tokenizer PATH --target-tokenizer PATH
 * [--width 2048] [--inner 5632] [--layers 22] [--donor-width 768] [--method omp] [--with k=64]… [--beside COMMAND] [--scratch DIR]`, after a build.
 *
 * Model and donor are random bf16 rows of the given shapes, the donor tied; the default model is TinyLlama's shape, 1.1 B parameters. Where
 * `--beside` names another tool's command, it is run on the same folders: MODEL, DONOR and OUT in it stand for the paths.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measured } from "./measured.mjs";
import { writeSyntheticLlama } from "./synthetic-llama.mjs";

const { values } = parseArgs({
  options: {
    "source-tokenizer": { type: "string" },
    "target-tokenizer": { type: "string" },
    width: { type: "string", default: "2048" },
    inner: { type: "string", default: "5632" },
    layers: { type: "string", default: "22" },
    "donor-width": { type: "string", default: "768" },
    "donor-rows": { type: "string" },
    method: { type: "string", default: "omp" },
    with: { type: "string", multiple: true, default: ["k=64"] },
    beside: { type: "string" },
    scratch: { type: "string", default: tmpdir() },
  },
});
if (!values["source-tokenizer"] || !values["target-tokenizer"]) {
  console.error("usage: node tools/bench/donor-swap.mjs --source-tokenizer PATH --target-tokenizer PATH");
  process.exit(2);
}
const [width, inner, layers, donorWidth] = ["width", "inner", "layers", "donor-width"].map((name) =>
  Number(values[name]),
);
const revocab = fileURLToPath(new URL("../../apps/revocab/bin/revocab.js", import.meta.url));
const scratch = mkdtempSync(join(values.scratch, "revocab-bench-"));
try {
  const [model, donor, out] = ["model", "donor", "out"].map((name) => join(scratch, name));
  const { parameters } = writeSyntheticLlama(model, values["source-tokenizer"], { width, inner, layers });
  const vocabulary = Number(values["donor-rows"] ?? sizeOf(values["target-tokenizer"]));
  const shape = { vocabulary, width: donorWidth, inner: 4 * donorWidth, layers: 1, heads: donorWidth / 64 };
  writeSyntheticLlama(donor, values["target-tokenizer"], {
    ...shape,
    keyHeads: donorWidth / 64,
    shards: 1,
    tied: true,
  });
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
  console.log(
    `model of ${(parameters / 1e9).toFixed(2)} B parameters, width ${width}; tied donor ${vocabulary} × ${donorWidth}`,
  );
  const options = values.with.flatMap((option) => ["--with", option]);
  const swap = [revocab, "swap", model, "--tokenizer", donor, "--donor", donor, "--method", values.method];
  await report(`revocab ${values.method} ${values.with.join(" ")}`, [
    process.execPath,
    ...swap,
    ...options,
    "--quiet",
    "--json",
    "--out",
    out,
  ]);
  if (values.beside !== undefined) {
    const paths = { MODEL: model, DONOR: donor, OUT: out };
    const command = values.beside.split(" ").map((part) => paths[part] ?? part);
    await report(command[0], command);
  }
  async function report(name, command) {
    const { seconds, peak, output } = await measured(command);
    if (!existsSync(out)) throw new Error(`${name} wrote nothing`);
    console.log(`${name}: ${seconds.toFixed(1)} s, peak ${peak.toFixed(0)} MB${countsOf(output)}`);
    rmSync(out, { recursive: true });
  }
} finally {
  rmSync(scratch, { recursive: true });
}

/** Where the report says it: how many tokens were matched and spelled. */
function countsOf(output) {
  if (!output.startsWith("{")) return "";
  const { alignment } = JSON.parse(output);
  return `; ${alignment.shared} tokens shared, ${alignment.spelled + alignment.byteOnly} not`;
}

/** Rows that a tokenizer needs. */
function sizeOf(folder) {
  const { model, added_tokens: added } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
  // a Unigram lists its pieces by id
  const pieces = Array.isArray(model.vocab) ? model.vocab.keys() : Object.values(model.vocab);
  return [...pieces, ...added.map(({ id }) => id)].reduce((most, id) => Math.max(most, id), 0) + 1;
}
