/**
 * The child of a campaign, which a mutant may kill: `node runner.mjs KIND SEED FROM TO JOURNAL SCRATCH`. It makes the mutants by
 * their numbers, has each read, and writes to the journal what it begins and what came of it, before it goes on.
 */
import { mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { kindOf } from "./kinds.mjs";
import { randomOf } from "./random.mjs";
import { ofError, verdictOf } from "./verdict.mjs";

const [kindName, seed, from, to, journalPath, scratch] = process.argv.slice(2);
/** Memory grows with what was read: a fresh child is cheaper than to tell a leak from a mutant. */
const TIRED_BYTES = 500e6;

const journal = openSync(journalPath, "a");
const record = (line) => writeSync(journal, `${JSON.stringify(line)}\n`);
let current;
let told;
// what escapes from a promise or a callback is the fault of the mutant at hand
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    if (current === undefined)
      console.error(error); // it is no mutant's: the campaign stops
    else record({ index: current, what: told, ...ofError(error), escaped: event });
    process.exit(1);
  });
}

const folder = join(scratch, "work");
const kind = await kindOf(kindName, join(scratch, "inputs"));
for (current = Math.max(Number(from), -kind.seeds.length); current < Number(to); current++) {
  const mutant = mutantOf(current);
  const { what, expected } = mutant;
  told = what;
  record({ start: current, what });
  const place = join(folder, "mutant");
  rmSync(folder, { recursive: true, force: true });
  writeMutant(place, mutant.files);
  const started = performance.now();
  const verdict = await verdictOf(() =>
    kind.read(place, mutant, randomOf(seed, kindName, current, "reading")),
  );
  if (kind.isNative) await collectGarbage();
  record({ index: current, what, ...verdict, expected, ms: Math.round(performance.now() - started) });
  if (process.memoryUsage.rss() > TIRED_BYTES) process.exit(0);
}
process.exit(0);

/** The mutant of a number; below 0 are the seeds as they are. A fault in making it is the campaign's, not the reader's. */
function mutantOf(number) {
  try {
    if (number < 0) return undamaged(kind.seeds.at(number));
    return kind.mutant(randomOf(seed, kindName, number));
  } catch (error) {
    record({ broken: error.stack });
    process.exit(1);
  }
}

function undamaged({ name, files, attacked, isRefused = false }) {
  const expected = isRefused ? "refused" : "accepted";
  return { what: `${name} as it is`, files: Object.entries(files), name: attacked[0], expected };
}

/** Native objects that die when they are freed shall do so while the mutant that made them is at hand. */
async function collectGarbage() {
  globalThis.gc({ type: "minor" });
  await new Promise(setImmediate);
}

function writeMutant(place, files) {
  mkdirSync(place, { recursive: true });
  for (const [name, content] of files) {
    const path = join(place, name);
    if (name.includes("/")) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
