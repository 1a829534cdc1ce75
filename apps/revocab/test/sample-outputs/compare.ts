import type { Outcome } from "./outcome.ts";

export interface Comparing {
  /** Numbers that are not whole may differ a little. */
  readonly usesRuntime?: boolean;
  /** Every word of stdout counts. */
  readonly isVerbatim?: boolean;
}

/**
 * What differs between a recorded outcome and one of today, wording aside: exit and error codes, numbers, names, paths,
 * options and quoted tokens of what was printed, and the written files.
 */
export function differences(recorded: Outcome, found: Outcome, how: Comparing): string[] {
  const stdout = how.isVerbatim ? differOfValues : differOfPrinted;
  return [
    ...differOfValues("exit code", recorded.exitCode, found.exitCode, how),
    ...stdout("stdout", recorded.stdout, found.stdout, how),
    ...differOfPrinted("stderr", recorded.stderr, found.stderr, how),
    ...keysOf(recorded.files, found.files).flatMap((name) =>
      differOfFiles(name, recorded.files[name], found.files[name], how),
    ),
  ];
}

function differOfFiles(name: string, recorded: unknown, found: unknown, how: Comparing): string[] {
  if (name.endsWith(".vec")) return differOfPrinted(name, recorded, found, how);
  if (!name.endsWith("README.md") || typeof recorded !== "string" || typeof found !== "string")
    return differOfValues(name, recorded, found, how);
  const [before, after] = [recorded, found].map(cardOf) as [Card, Card];
  return [
    ...differOfValues(`${name}, front matter`, before.frontMatter, after.frontMatter, how),
    ...differOfFacts(name, before.body, after.body, how),
  ];
}

/** JSON by its values; text by what is no wording. */
function differOfPrinted(at: string, recorded: unknown, found: unknown, how: Comparing): string[] {
  if (typeof recorded !== "string" || typeof found !== "string")
    return differOfValues(at, recorded, found, how);
  return differOfFacts(at, recorded, found, how);
}

function differOfFacts(at: string, recorded: string, found: string, how: Comparing): string[] {
  const [before, after] = [factsOf(recorded), factsOf(found)];
  return [
    ...differOfNumbers(at, before.numbers, after.numbers, how),
    ...differOfNames(at, before.names, after.names),
  ];
}

/** The values of two JSONs by their place; of sentences, what is no wording. */
function differOfValues(at: string, recorded: unknown, found: unknown, how: Comparing): string[] {
  if (isRecord(recorded) && isRecord(found)) {
    return keysOf(recorded, found).flatMap((key) => {
      const differ = PROSE.has(key) ? differOfProse : differOfValues;
      return differ(`${at}.${key}`, recorded[key], found[key], how);
    });
  }
  if (Array.isArray(recorded) && Array.isArray(found) && recorded.length === found.length)
    return recorded.flatMap((item, i) => differOfValues(`${at}[${i}]`, item, found[i], how));
  const isSame =
    typeof recorded === "number" && typeof found === "number"
      ? isNear(recorded, found, how.usesRuntime ? (at.includes(".samples[") ? 0.02 : 0.001) : 0)
      : JSON.stringify(recorded) === JSON.stringify(found);
  return isSame ? [] : [`${at}: ${JSON.stringify(recorded)} became ${JSON.stringify(found)}`];
}

/** A sentence, or a list of sentences in any order. */
function differOfProse(at: string, recorded: unknown, found: unknown, how: Comparing): string[] {
  const [before, after] = [recorded, found].map((value) =>
    Array.isArray(value) && value.every((item) => typeof item === "string") ? value.join("\n") : value,
  );
  return differOfPrinted(at, before, after, how);
}

/** Keys of sentences. */
const PROSE = new Set([
  ...["notes", "note", "configNotes", "surprises", "detail", "reason", "message", "hint"],
  ...["summary", "evidence", "description"],
]);

/** Numbers and names as they come out of a text, in any order of its sentences. */
function factsOf(text: string): { numbers: string[]; names: string[] } {
  const names: string[] = [];
  const rest = text.replace(QUOTED, (_, ...groups) => {
    names.push((groups.slice(0, 3) as (string | undefined)[]).find((group) => group !== undefined) as string);
    return " ";
  });
  const numbers: string[] = [];
  for (const word of rest.split(/[\s=;()[\]|…]+/)) {
    const plain = word.replace(/^[.,:"']+|[.,:"']+$/g, "");
    if (NUMBER.test(plain)) numbers.push(plain.replaceAll(",", ""));
    else if (NAME.test(plain)) names.push(plain);
  }
  return { numbers, names };
}

/** A token or a path in quotes of either kind; a letter before the first means an apostrophe. */
const QUOTED = /(?<!\w)"((?:[^"\\\n]|\\.)*)"|`([^`\n]+)`|(?<!\w)'([^'\n]+)'/g;
const NUMBER = /^[-−+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?%?$/;
/** Paths, options, keys of configs, tensors, specials, pieces, hashes, and the methods that are no English word. */
const NAME =
  /[/_\\Ġ▁]|\w\.\w|^-|^<.+>$|\d|^(subtoken-mean|copy-overlap|chain-rule|domain-types|trans-tokenization|specials-apart|hypernetwork|wechsel|ofa|cw2v|(uni|multi)variate-normal)$/;

function differOfNumbers(at: string, recorded: string[], found: string[], how: Comparing): string[] {
  const sort = (list: string[]) => [...list].sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
  const [before, after] = [sort(recorded), sort(found)];
  const isSame = (a: string, b: string) => a === b || (how.usesRuntime === true && isNearAsPrinted(a, b));
  if (before.length === after.length && before.every((one, i) => isSame(one, after[i] as string))) return [];
  return differOfNames(`${at}, numbers`, before, after);
}

/** Two units of the last place, and a thousandth. Whole numbers count something. */
function isNearAsPrinted(a: string, b: string): boolean {
  const places = (text: string) => text.replace("%", "").split(".")[1]?.length ?? 0;
  if (places(a) === 0 || places(a) !== places(b)) return false;
  const [x, y] = [Number.parseFloat(a), Number.parseFloat(b)];
  return Math.abs(x - y) <= 2.01 * 10 ** -places(a) + 0.001 * Math.abs(x);
}

function isNear(a: number, b: number, tolerance: number): boolean {
  if (a === b) return true;
  const isCount = Number.isInteger(a) && Number.isInteger(b);
  return !isCount && Math.abs(a - b) <= tolerance * (Math.max(Math.abs(a), Math.abs(b)) + 0.01);
}

/** The names that one of the two has more often than the other. */
function differOfNames(at: string, recorded: readonly string[], found: readonly string[]): string[] {
  const [gone, come] = [without(recorded, found), without(found, recorded)];
  return gone.length + come.length === 0
    ? []
    : [`${at}: ${JSON.stringify(gone)} went, ${JSON.stringify(come)} came`];
}

function without(list: readonly string[], taken: readonly string[]): string[] {
  const left = [...taken];
  return list.filter((name) => {
    const i = left.indexOf(name);
    if (i >= 0) left.splice(i, 1);
    return i < 0;
  });
}

interface Card {
  /** Its words, however a writer of YAML quotes, indents and folds them. */
  readonly frontMatter: string;
  readonly body: string;
}

function cardOf(text: string): Card {
  const [, frontMatter = "", body = text] = /^---\n(.*?)\n---\n(.*)$/s.exec(text) ?? [];
  return { frontMatter: frontMatter.replace(/["']/g, "").split(/\s+/).join(" "), body };
}

function keysOf(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
