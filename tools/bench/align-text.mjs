/**
 * How fast words are aligned and how far the links agree with a dictionary, beside the diagonal and, where its folder is
 * given, the fast_align program on the same words:
 * `node tools/bench/align-text.mjs SOURCE TARGET --dictionary FILE [--lines N] [--iterations 5] [--threads 2] [--fast-align DIR]`,
 * after a build.
 *
 * "listed" is the share of links between words that the dictionary has as a pair; "found" the share of source words with a
 * listed translation in the target line that are linked to one. CPU seconds are of the alignment alone.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  alignWords,
  dictionaryAgreement,
  pharaohText,
  readParallelLines,
  readPharaoh,
  SYMMETRIZATIONS,
  wordsOfLine,
} from "../../packages/parallel-text/dist/index.js";
import { readDictionary } from "../../packages/vocab-alignment/dist/index.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dictionary: { type: "string" },
    lines: { type: "string" },
    iterations: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    "fast-align": { type: "string" },
  },
});
const [source, target] = positionals;
if (target === undefined || options.dictionary === undefined) {
  console.error("usage: node tools/bench/align-text.mjs SOURCE TARGET --dictionary FILE [--fast-align DIR]");
  process.exit(2);
}
const [iterations, threads] = [Number(options.iterations), Number(options.threads)];
const { pairs } = await readDictionary(options.dictionary);
const all = await readParallelLines({ source, target });
const count = options.lines === undefined ? all.source.length : Number(options.lines);
// cut once and joined by spaces, in lower case, so that every aligner has the same words
const lines = Object.fromEntries(
  ["source", "target"].map((side) => [side, all[side].slice(0, count).map(wordsInLowerCase)]),
);
const words = "whitespace";
const folder = mkdtempSync(join(tmpdir(), "align-text-"));

console.log(
  `${cpus()[0].model}, Node ${process.version}; ${count} lines, ${iterations} iterations, ${threads} threads`,
);
print(["aligner", "links", "listed", "found", "seconds", "CPU s"]);
try {
  show("the diagonal", diagonalLinks());
  const ours = {};
  for (const symmetrization of SYMMETRIZATIONS) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    const { alignment } = await alignWords({ lines, words, symmetrization, iterations, job: { threads } });
    const { user, system } = process.cpuUsage(before);
    ours[symmetrization] = alignment;
    show(`revocab, ${symmetrization}`, alignment, (performance.now() - start) / 1e3, (user + system) / 1e6);
  }
  if (options["fast-align"] !== undefined) await compareWithFastAlign(options["fast-align"], ours);
} finally {
  rmSync(folder, { recursive: true });
}

function wordsInLowerCase(line) {
  return wordsOfLine(line)
    .map(({ text }) => text.normalize("NFC").toLowerCase())
    .join(" ");
}

async function compareWithFastAlign(programs, ours) {
  const at = (name) => join(folder, name);
  writeFileSync(at("text"), lines.source.map((line, i) => `${line} ||| ${lines.target[i]}\n`).join(""));
  const given = ["-i", at("text"), "-d", "-o", "-v", "-I", String(iterations)];
  const runs = [given, [...given, "-r"]].map((args) => run(join(programs, "fast_align"), args));
  writeFileSync(at("forward"), runs[0].stdout);
  writeFileSync(at("reverse"), runs[1].stdout);
  for (const symmetrization of SYMMETRIZATIONS) {
    const both = ["-i", at("forward"), "-j", at("reverse"), "-c", symmetrization];
    writeFileSync(at("both"), run(join(programs, "atools"), both).stdout);
    const theirs = await readPharaoh(at("both"), { lines, words });
    const [seconds, cpu] = ["seconds", "cpu"].map((name) => runs[0][name] + runs[1][name]);
    show(`fast_align, ${symmetrization}`, theirs, seconds, cpu);
    const [one, other] = [linkSet(ours[symmetrization]), linkSet(theirs)];
    const common = [...one].filter((link) => other.has(link)).length;
    console.log(`  in both: ${((200 * common) / (one.size + other.size)).toFixed(1)} % (2 · common / all)`);
  }
}

function run(program, args) {
  const start = performance.now();
  const command = ["-c", 'TIMEFORMAT="%U %S"; time "$@"', "_", program, ...args];
  const { stdout, stderr, status } = spawnSync("bash", command, { encoding: "utf8", maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${program} ended with code ${status}: ${stderr.slice(-500)}`);
  const [user, system] = stderr.trim().split("\n").at(-1).split(" ").map(Number);
  return { stdout, seconds: (performance.now() - start) / 1e3, cpu: user + system };
}

/** A link from each target word to the source word at its place. */
function diagonalLinks() {
  const links = lines.target.flatMap((line, i) => {
    const [n, m] = [lines.source[i], line].map((text) => wordsOfLine(text, words).length);
    return n === 0 ? [] : Array.from({ length: m }, (_, j) => [i, Math.floor(((j + 0.5) * n) / m), j]);
  });
  const offsets = new Uint32Array(lines.source.length + 1);
  for (const [i] of links) offsets[i + 1]++;
  for (let i = 0; i < lines.source.length; i++) offsets[i + 1] += offsets[i];
  return { offsets, source: links.map(([, i]) => i), target: links.map(([, , j]) => j) };
}

function linkSet(alignment) {
  const text = [...pharaohText(alignment)].join("").split("\n");
  return new Set(
    text.flatMap((line, i) => (line === "" ? [] : line.split(" ").map((link) => `${i} ${link}`))),
  );
}

function show(name, alignment, seconds, cpu) {
  const { links, listed, found, translatable } = dictionaryAgreement({ lines, alignment, words, pairs });
  const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;
  const times = seconds === undefined ? [] : [seconds.toFixed(1), cpu.toFixed(1)];
  print([name, links, percent(listed, links), percent(found, translatable), ...times]);
}

function print([name, ...figures]) {
  console.log(String(name).padEnd(32) + figures.map((figure) => String(figure).padStart(10)).join(""));
}
