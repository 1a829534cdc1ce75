import { spawn } from "node:child_process";
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endTree, OF_ITS_OWN, usageOf } from "./process-tree.mjs";
import { isFailure } from "./verdict.mjs";

/** Seconds of processor time that one mutant may take: those of the clock would depend on what else the machine does. */
const MOST_WORK = 5;
/** What one may take by the clock, in milliseconds: it waits for something that does not come. */
const LONGEST_WAIT = 20_000;
/** What node and the packages may take to load, likewise. */
const LONGEST_START = 60_000;
/** What the child and all below it may hold, in bytes. */
const MOST_MEMORY = 1e9;
const GLANCE = 100;

/**
 * Has mutants `from` to `from + count` of a kind read, in a child process that may die. A death, a hang or memory without bound
 * is put down to the mutant that was at hand; the child is then started anew behind it.
 * @param {object} options
 * @param {string} options.kind
 * @param {string | number} [options.seed]
 * @param {number} [options.from] below 0 are the seeds, undamaged
 * @param {number} options.count
 * @param {string} [options.keep] a folder for the files of what died, hung or took too much
 * @param {number} [options.until] a time in milliseconds at which to stop
 * @param {(verdict: Verdict) => void} [options.onVerdict]
 * @returns {Promise<Verdict[]>} of each mutant, in their order
 * @typedef {{ index: number, what: string, verdict: string, expected?: string, code?: string, detail?: string }} Verdict
 */
export async function campaign({
  kind,
  seed = 1,
  from = 0,
  count,
  keep,
  until = Number.POSITIVE_INFINITY,
  onVerdict = () => {},
}) {
  const scratch = mkdtempSync(join(tmpdir(), "revocab-attack-"));
  const verdicts = [];
  const end = from + count;
  try {
    for (let next = from; next < end && Date.now() < until; ) {
      const seen = await runChild({ kind, seed, from: next, to: end, scratch, until });
      for (const verdict of seen) {
        verdicts.push(verdict);
        onVerdict(verdict);
      }
      if (keep !== undefined && seen.length > 0 && isFailure(seen.at(-1))) {
        keepMutant(
          join(scratch, "work", "mutant"),
          join(keep, `${kind}-${seed}-${seen.at(-1).index}`.replaceAll("/", "-")),
        );
      }
      next = seen.length === 0 ? end : seen.at(-1).index + 1;
    }
    return verdicts;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs one child to its end, and kills it when the mutant at hand takes too long or too much. */
function runChild({ kind, seed, from, to, scratch, until }) {
  const journalPath = join(scratch, "journal");
  rmSync(journalPath, { force: true });
  closeSync(openSync(journalPath, "w"));
  const child = spawn(
    process.execPath,
    ["--expose-gc", RUNNER, kind, String(seed), String(from), String(to), journalPath, scratch],
    { stdio: ["ignore", "ignore", "pipe"], ...OF_ITS_OWN },
  );
  let said = "";
  child.stderr.on("data", (data) => {
    said = (said + data).slice(-100_000);
  });
  const journal = followJournal(journalPath);
  let stopped;
  let atHand = { index: undefined, since: Date.now(), worked: 0, most: 0 };
  const glance = setInterval(() => {
    const index = journal.read().at(-1)?.start;
    const { memory, seconds } = usageOf(child.pid);
    if (index !== atHand.index) atHand = { index, since: Date.now(), worked: seconds, most: 0 };
    atHand.most = Math.max(atHand.most, memory);
    const waited = Date.now() - atHand.since;
    const worked = seconds - atHand.worked;
    if (memory > MOST_MEMORY) stop("memory", `${Math.round(memory / 1e6)} MB`);
    else if (index !== undefined && (worked > MOST_WORK || waited > LONGEST_WAIT)) {
      stop("hang", `${worked.toFixed(1)} s of work in ${waited} ms, ${Math.round(atHand.most / 1e6)} MB`);
    } else if (Date.now() > until || waited > LONGEST_START) stop();
  }, GLANCE);
  const stop = (verdict, detail) => {
    stopped ??= { verdict, detail };
    endTree(child);
  };
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearInterval(glance);
      const lines = journal.read();
      journal.close();
      const seen = lines.filter((line) => line.index !== undefined);
      const { start: begun, what } = lines.at(-1) ?? {};
      const broken = lines.at(-1)?.broken;
      if (broken !== undefined) reject(new Error(`a mutant of ${kind} cannot be made: ${broken}`));
      if (begun === undefined && seen.length === 0) {
        reject(new Error(`the runner of ${kind} did not start (${signal ?? code}): ${said}`));
      }
      if (begun !== undefined && stopped?.verdict !== undefined)
        seen.push({ index: begun, what, ...stopped });
      else if (begun !== undefined && stopped === undefined) {
        seen.push({
          index: begun,
          what,
          verdict: "died",
          detail: `${signal ?? `exit ${code}`}: ${lastWords(said)}`,
        });
      }
      resolve(seen);
    });
  });
}

/** What a dying process wrote: where a panic or a fatal error is told, that, else the end. */
function lastWords(said) {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const told = lines.findIndex((line) => /panicked at|FATAL ERROR|overflowed its stack/.test(line));
  return (told < 0 ? lines.slice(-2) : lines.slice(told, told + 2)).join(" ").slice(0, 400);
}

const RUNNER = fileURLToPath(new URL("runner.mjs", import.meta.url));
/** The lines of a file that grows, parsed. */
function followJournal(path) {
  const file = openSync(path, "r");
  const lines = [];
  let rest = "";
  return {
    read() {
      const buffer = Buffer.alloc(65_536);
      for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
        rest += buffer.toString("latin1", 0, size);
      }
      const whole = rest.split("\n");
      rest = whole.pop();
      lines.push(...whole.map((line) => JSON.parse(Buffer.from(line, "latin1").toString("utf8"))));
      return lines;
    },
    close: () => closeSync(file),
  };
}

function keepMutant(from, to) {
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, force: true });
}
