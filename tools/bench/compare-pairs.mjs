/**
 * Every method that needs no donor and no trained network, on ten real pairs of a model and a tokenizer: bits per byte before any
 * training, as `revocab compare` scores them. After a build:
 * `node tools/bench/compare-pairs.mjs [DATA] --work DIR [--pairs a,b] [--methods a,b]`
 *
 * DATA is the folder of real models, tokenizers and texts (REVOCAB_REAL_DATA, else the one beside the repository). DIR keeps the
 * evidence and, after each method, the figures in results.json: a run goes on where one stopped, and makes anew only what
 * `--methods` names.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareEvidence } from "./compare-pairs/evidence.mjs";
import { METHODS } from "./compare-pairs/methods.mjs";
import { PAIRS, TEXTS } from "./compare-pairs/pairs.mjs";
import { printTable } from "./compare-pairs/print-table.mjs";
import { openPair } from "./compare-pairs/score-pair.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: "string" },
    pairs: { type: "string" },
    methods: { type: "string" },
    "max-bytes": { type: "string", default: "1000000" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: "2" },
    digits: { type: "string", default: "3" },
  },
});
const beside = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const data = resolve(positionals[0] ?? process.env.REVOCAB_REAL_DATA ?? beside);
if (!existsSync(join(data, "models"))) fail(`no models/ in ${data}: name the folder of real data`);
const work = values.work ?? mkdtempSync(join(tmpdir(), "revocab-pairs-"));
mkdirSync(work, { recursive: true });

const settings = { maxBytes: Number(values["max-bytes"]), seed: Number(values.seed) };
const threads = Number(values.threads);
const pairs = chosen(PAIRS, values.pairs, (pair, name) => pair.name === name);
// chain-rule is all of chain-rule:correction=none and the like
const methods = chosen(
  METHODS,
  values.methods,
  ({ name }, wanted) => name.split(/[:+]/)[0] === wanted || name === wanted,
);
const results = readResults();

for (const pair of pairs) {
  const figures = results.pairs[pair.name] ?? { methods: {} };
  results.pairs[pair.name] = figures;
  const isDone = ({ name }) => (figures.methods[name] ?? { failed: "not tried" }).failed === undefined;
  const left = values.methods === undefined ? methods.filter((method) => !isDone(method)) : methods;
  if (left.length === 0 && figures.counts !== undefined) continue;
  const evidence = prepareEvidence({ ...TEXTS[pair.text], data, folder: join(work, "evidence", pair.text) });
  const opened = await openPair(pair, { ...settings, threads, data, text: evidence.evaluated });
  try {
    figures.source ??= await opened.scoreSource();
    figures.counts ??= await opened.scoreCounts(evidence.sample);
    save();
    for (const method of left) {
      figures.methods[method.name] = await tryMethod(method, pair, opened, evidence);
      save();
      const { bitsPerByte, notApplicable, failed } = figures.methods[method.name];
      console.error(
        `${pair.name}  ${method.name}  ${bitsPerByte?.toFixed(4) ?? notApplicable ?? `failed: ${failed}`}`,
      );
    }
  } finally {
    await opened.close();
  }
}
console.log(table());
console.error(`\nfigures: ${join(work, "results.json")}`);

/** One method must not end the run: what it failed of stands in its place. */
async function tryMethod(method, pair, opened, evidence) {
  try {
    const given = await method.evidence(evidence, pair);
    if (given.notApplicable !== undefined) return given;
    const wrap = (one) => method.wrap(one, evidence);
    return await opened.scoreMethod({ ...method, options: given, wrap });
  } catch (error) {
    return { failed: error.message };
  }
}

function chosen(all, names, fits) {
  if (names === undefined) return all;
  return names.split(",").flatMap((name) => {
    const found = all.filter((one) => fits(one, name));
    if (found.length === 0) fail(`"${name}" is none of ${all.map((one) => one.name).join(", ")}`);
    return found;
  });
}

function readResults() {
  const file = join(work, "results.json");
  if (!existsSync(file)) return { settings, pairs: {} };
  const kept = JSON.parse(readFileSync(file, "utf8"));
  for (const [name, value] of Object.entries(settings)) {
    if (kept.settings[name] !== value)
      fail(`${file} was made with ${name} ${kept.settings[name]}, not ${value}: name another --work`);
  }
  return kept;
}

function save() {
  for (const [name, text] of [
    ["results.json", `${JSON.stringify(results, null, 2)}\n`],
    ["table.md", `${table()}\n`],
  ]) {
    writeFileSync(join(work, `${name}.new`), text);
    renameSync(join(work, `${name}.new`), join(work, name));
  }
}

function table() {
  return printTable({ results, pairs: PAIRS, methods: METHODS, digits: Number(values.digits) });
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
