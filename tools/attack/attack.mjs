/**
 * Attacks the project's readers with damaged files. After a build:
 * `node tools/attack/attack.mjs [--kind KIND] [--seed SEED] [--from NUMBER] [--count COUNT] [--minutes MINUTES] [--keep FOLDER]`
 * prints the first failure of each sort with what makes it again, and a table of kinds and verdicts. With --minutes and no --count
 * the kinds take turns, 2,000 mutants at a time, until the time is over; --keep keeps the files of what died, hung or took too much.
 */
import { parseArgs } from "node:util";
import { campaign } from "./campaign.mjs";
import { KINDS } from "./kinds.mjs";
import { isFailure, VERDICTS } from "./verdict.mjs";

const ROUND = 2000;
const { values } = parseArgs({
  options: {
    kind: { type: "string", multiple: true, default: KINDS },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    count: { type: "string" },
    minutes: { type: "string" },
    keep: { type: "string" },
  },
});
const { kind: kinds, seed, keep } = values;
const until =
  values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + 60_000 * Number(values.minutes);
const count = Number(values.count ?? ROUND);
const isEndless = values.count === undefined && values.minutes !== undefined;
const table = new Map(
  kinds.map((kind) => [kind, { counts: Object.fromEntries(VERDICTS.map((name) => [name, 0])), seconds: 0 }]),
);
const sorts = new Map();

for (let from = Number(values.from); Date.now() < until; from += count) {
  for (const kind of kinds) await attack(kind, from);
  if (!isEndless) break;
}
for (const [sort, times] of sorts) if (times > 1) console.log(`${String(times).padStart(6)} × ${sort}`);
console.log(
  ["kind".padEnd(22), ...VERDICTS.map((name) => name.padStart(11)), "seconds".padStart(9)].join(""),
);
for (const [kind, { counts, seconds }] of table) {
  const cells = VERDICTS.map((name) => String(counts[name]).padStart(11));
  console.log([kind.padEnd(22), ...cells, seconds.toFixed(1).padStart(9)].join(""));
}
process.exitCode = sorts.size > 0 ? 1 : 0;

async function attack(kind, from) {
  const started = Date.now();
  const row = table.get(kind);
  await campaign({ kind, seed, from, count, until, keep, onVerdict });
  row.seconds += (Date.now() - started) / 1000;

  function onVerdict(verdict) {
    row.counts[verdict.verdict]++;
    if (!isFailure(verdict)) return;
    const sort = `${kind} ${sortOf(verdict)}`;
    if (!sorts.has(sort))
      console.log(
        `--kind ${kind} --seed ${seed} --from ${verdict.index} --count 1:`,
        JSON.stringify(verdict),
      );
    sorts.set(sort, (sorts.get(sort) ?? 0) + 1);
  }
}

/** What failures of one cause share: where they were thrown, or what was said but for quotes and numbers. */
function sortOf({ verdict, detail = "", where }) {
  return `${verdict}: ${where ?? detail.replaceAll(/\\?["'].*?["']|\d+/g, "…").slice(0, 100)}`;
}
