import { TEXTS } from "./mutate-json.mjs";

/** Damage to a file of lines: lines deleted, doubled, exchanged, joined or endless, and words in them that are others. */
export function mutateLines(random, content) {
  let lines = content.toString("utf8").split("\n");
  for (let blow = 1 + random.skewed(4); blow > 0; blow--) lines = random.pick(BLOWS)(random, lines);
  return Buffer.from(
    lines.join(random.oneIn(12) ? random.pick(["\r\n", "\r", "\u2028", "\n\n", "\u0000"]) : "\n"),
  );
}

const BLOWS = [
  (random, lines) => atLeastOne(lines.toSpliced(random.below(lines.length), 1 + random.skewed(10))),
  (random, lines) => lines.toSpliced(random.below(lines.length), 0, random.pick(lines) ?? ""),
  (random, lines) => lines.toSpliced(random.below(lines.length), 0, random.pick(TEXTS)),
  (random, lines) => change(random, lines, (line) => line + line),
  (random, lines) => change(random, lines, (line) => line.slice(0, random.below(line.length + 1))),
  (random, lines) =>
    change(random, lines, () => random.pick(["x", "x ", "x\t", "1 "]).repeat(random.pick([1000, 100_000]))),
  (random, lines) => change(random, lines, (line) => changeWord(random, line)),
  (random, lines) => change(random, lines, (line) => changeWord(random, line)),
  (random, lines) =>
    change(random, lines, (line) => line.replace(/[\t ]/, random.pick(["", "\t", "  ", "\t\t", "\u00a0"]))),
  (_random, lines) => [lines.join("")],
  () => [""],
];

function atLeastOne(lines) {
  return lines.length === 0 ? [""] : lines;
}

function change(random, lines, edit) {
  const place = random.oneIn(2) ? 0 : random.below(lines.length);
  return lines.with(place, edit(lines[place]));
}

function changeWord(random, line) {
  const words = line.split(/([\t ])/);
  return words.with(random.below(words.length), random.pick([...TEXTS, ...NUMBERS])).join("");
}

const NUMBERS = [
  "0",
  "-1",
  "1e999",
  "NaN",
  "inf",
  "4294967296",
  "9007199254740993",
  "99999999999999999999",
  "0x10",
  "1-",
  "-",
  "0-4294967295",
];
