/**
 * Damage that keeps a document JSON: one to three places of it deleted, doubled, retyped, nested, renamed or put elsewhere.
 * `wild` gives values of the format at hand, which the mutants mix with those of JSON.
 * @returns the text of the document: some of it cannot be held as a value (repeated keys, huge numbers, lone surrogates)
 */
export function mutateJson(random, value, wild = () => []) {
  const root = { document: structuredClone(value) };
  for (let blow = 1 + random.skewed(3); blow > 0; blow--) damage(random, root, wild);
  return write(random, root.document);
}

function damage(random, root, wild) {
  const [holder, key] = randomPlace(random, root);
  const found = holder[key];
  const choice = random.below(10);
  if (choice === 0 && holder !== root) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  } else if (choice === 1 && Array.isArray(holder)) holder.splice(Number(key), 0, found);
  else if (choice === 1 && holder !== root) rename(random, holder, key);
  else if (choice === 2) {
    const [other, name] = randomPlace(random, root);
    holder[key] = structuredClone(other[name]);
  } else if (choice === 3 && typeof found === "number") holder[key] = random.pick(NUMBERS);
  else if (choice === 4 && typeof found === "string") holder[key] = editString(random, found);
  else if (choice === 5)
    holder[key] = random.pick([[found], { [String(key)]: found }, { type: "Sequence", items: [found] }]);
  else if (choice === 6 && Array.isArray(found))
    holder[key] = [...found, ...found].slice(random.below(found.length + 1));
  else holder[key] = random.pick([...VALUES, ...wild(random)]);
}

/** Any value of the document; shallow ones as often as all the deep ones, of which a vocabulary has thousands. */
function randomPlace(random, root) {
  let holder = root;
  let key = "document";
  for (let depth = random.below(9); depth > 0; depth--) {
    const inner = holder[key];
    if (typeof inner !== "object" || inner === null) break;
    const keys = Object.keys(inner);
    if (keys.length === 0) break;
    holder = inner;
    key = random.pick(keys);
  }
  return [holder, key];
}

/** The same entry under another key, in the same place. */
function rename(random, holder, key) {
  const entries = Object.entries(holder);
  for (const [name] of entries) delete holder[name];
  for (const [name, value] of entries) {
    if (name !== key) holder[name] = value;
    else holder[random.pick([...KEYS, editString(random, name), ...entries.map(([other]) => other)])] = value;
  }
}

function editString(random, text) {
  const place = random.below(text.length + 1);
  return text.slice(0, place) + random.pick(TEXTS) + text.slice(random.oneIn(2) ? place : place + 1);
}

/** The document's text, with what no value can hold: raw tokens stand as `{ [RAW]: text }`. */
function write(random, document) {
  const text = JSON.stringify(document, (_, value) => {
    if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)))
      return `\u0001raw:${value}`;
    return value;
  });
  const written = (text ?? "").replaceAll(/"\\u0001raw:([^"]*)"/g, (_, raw) => WRITTEN[raw] ?? raw);
  return random.oneIn(12) ? editText(random, written) : written;
}

/** What a parser meets that no value holds. */
function editText(random, text) {
  const places = [...text.slice(0, 100_000).matchAll(/[{[,:]/g)].map(({ index }) => index + 1);
  const place = random.pick(places) ?? 0;
  const [before, after] = [text.slice(0, place), text.slice(place)];
  return random.pick([
    () => before + RAW[random.below(RAW.length)] + after,
    () => `${before}${"[".repeat(50_000)}${after}`,
    () =>
      `${before}${"[".repeat(20_000)}${"]".repeat(20_000)}${after.startsWith("]") || after.startsWith("}") ? "" : ","}${after}`,
    () => `${before}${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}${after}`,
    () => text.slice(0, place),
    () => `\ufeff${text}`,
    () => `${text}${text}`,
    () => text.replace(/("[^"]*"\s*:)/, "$1null,$1"),
    () => before + after.replace(/("[^"\\]*")(\s*:)/, "$1$2null,$1$2"),
    () => before + after.replace(/"[^"\\]*"/, '"\\ud800"'),
    () => before + after.replace(/-?\d+/, "1e999"),
    () => before + after.replace(/-?\d+/, "9".repeat(5000)),
    () => before + after.replace(/"[^"\\]*"/, '"\\q"'),
  ])();
}

const WRITTEN = { Infinity: "1e999", "-Infinity": "-1e999", NaN: "NaN" };
const RAW = [
  "NaN",
  "Infinity",
  "'",
  "\u0000",
  "//",
  ",",
  "}",
  "]",
  '"',
  "\\",
  "0x10",
  "01",
  "+1",
  ".5",
  "tru",
  "\u2028",
];

const NUMBERS = [
  0,
  -1,
  1,
  -0,
  0.5,
  1.5,
  255,
  256,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e15,
  1e300,
  -1e300,
  Number.POSITIVE_INFINITY,
  2n ** 64n,
  2n ** 64n - 1n,
  5e-324,
];
const KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  "length",
  "then",
  "0",
  "-1",
];
export const TEXTS = [
  "",
  " ",
  "a",
  "\u0000",
  "\u001b[31m",
  "\u0007",
  "\n",
  "\r\n",
  "\ud800",
  "\udfff",
  "\u202e",
  "\ufeff",
  "\ufffd",
  "\u2581",
  "e\u0301",
  "😀",
  "<|endoftext|>",
  "{{",
  "{%",
  "../",
  "/",
  "%ff",
  "x".repeat(5000),
];
const VALUES = [
  null,
  true,
  false,
  "",
  [],
  {},
  [[]],
  [null],
  ["a"],
  [0],
  { type: "" },
  "__proto__",
  ...NUMBERS.slice(0, 12),
  ...TEXTS,
  "x".repeat(300_000),
];
