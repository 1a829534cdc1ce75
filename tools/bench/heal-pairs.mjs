/**
 * What training of rows makes of each initialization at equal total time, the cost of the rows included: bits per byte of text of the
 * kind that is trained on, and of text of another kind. After a build:
 * `node tools/bench/heal-pairs.mjs [DATA] --work DIR [--pairs a,b] [--methods a,b] [--totals 10,60 | --steps 50] [--batch-tokens 4096] [--learn text]`
 *
 * Pairs, texts and DATA are those of compare-pairs.mjs; methods are trained on the sample, and scored on the other part. The cores must
 * be idle, unless `--steps` says how long to train. DIR keeps the figures in healed.json, with bits of tokens by how often the sample
 * has them: a run goes on where one stopped.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readText } from "../../packages/files/dist/index.js";
import { prepareEvidence } from "./compare-pairs/evidence.mjs";
import { METHODS } from "./compare-pairs/methods.mjs";
import { PAIRS, TEXTS } from "./compare-pairs/pairs.mjs";
import { openPair } from "./compare-pairs/score-pair.mjs";

/** Text of another kind in the same language, or of the one that the model knows. */
const OTHERS = {
  stories: "wikitext2-valid.txt",
  shakespeare: "tinystories.txt",
  german: "xquad.de.txt",
  swahili: "tinystories.txt",
};
const OTHER_BYTES = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: "string" },
    pairs: { type: "string" },
    methods: {
      type: "string",
      default:
        "random,subtoken-mean,subtoken-mean:weighting=front-loaded,chain-rule:correction=none,chain-rule:correction=map,chain-rule:correction=contextual",
    },
    totals: { type: "string", default: "10,60" },
    steps: { type: "string" },
    "batch-tokens": { type: "string" },
    learn: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});
const beside = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const data = resolve(positionals[0] ?? process.env.REVOCAB_REAL_DATA ?? beside);
if (values.work === undefined || !existsSync(join(data, "models"))) {
  console.error(
    "usage: node tools/bench/heal-pairs.mjs [DATA] --work DIR [--pairs a,b] [--methods a,b] [--totals 10,60 | --steps 50] [--batch-tokens 4096] [--learn text]",
  );
  process.exit(2);
}
const { work } = values;
mkdirSync(work, { recursive: true });
const totals = values.totals.split(",").map(Number);
const steps = values.steps?.split(",").map(Number);
const training = {
  learn: values.learn,
  batchTokens: values["batch-tokens"] === undefined ? undefined : Number(values["batch-tokens"]),
};
const named = (all, names) =>
  all.filter(({ name }) => names === undefined || names.split(",").includes(name));
const file = join(work, "healed.json");
const results = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};

for (const pair of named(PAIRS, values.pairs)) {
  const figures = results[pair.name] ?? {};
  results[pair.name] = figures;
  const left = named(METHODS, values.methods).filter(({ name }) => figures[name] === undefined);
  if (left.length === 0) continue;
  const evidence = prepareEvidence({ ...TEXTS[pair.text], data, folder: join(work, "evidence", pair.text) });
  const settings = { maxBytes: 1_000_000, seed: 0, threads: Number(values.threads) };
  const opened = await openPair(pair, { ...settings, data, text: evidence.evaluated });
  const others = [await readText(join(data, "text", OTHERS[pair.text]), { maxBytes: OTHER_BYTES })];
  try {
    for (const method of left) {
      const options = await method.evidence(evidence, pair);
      const wrap = (one) => method.wrap(one, evidence);
      const healed = await opened.healMethod(
        { ...method, options, wrap },
        { sample: evidence.sample, totals, steps, training, others },
      );
      figures[method.name] = healed;
      writeFileSync(`${file}.new`, `${JSON.stringify(results, null, 2)}\n`);
      renameSync(`${file}.new`, file);
      const shown = healed.points.map(
        ({ seconds, bitsPerByte, others: [other] }) =>
          `${seconds.toFixed(1)} s ${bitsPerByte.toFixed(3)} (${other.toFixed(3)})`,
      );
      console.log(`${pair.name}  ${method.name}  ${shown.join("  ")}`);
    }
  } finally {
    await opened.close();
  }
}
