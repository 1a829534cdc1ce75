// Opens every folder that checkpoint-types.py made with revocab and compares what it finds with what follows the
// vocabulary there: `node tools/oracle/checkpoint-types.mjs FOLDER > tools/oracle/checkpoint-types.json`. Build first.
//
// - right: the tables are the tensors that follow the vocabulary, no more and no fewer; classes by their slots
// - noVocabulary: no tensor follows one, and the folder is refused
// - refused: some do, and the folder is refused in these words
// - wrong: something else was found
// - notBuilt: the library builds no small model from the class's own config, in its words
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";

const folder = process.argv[2];
const right = {};
const noVocabulary = [];
const refused = {};
const wrong = {};
const types = { right: new Set(), noVocabulary: new Set(), refused: new Set(), wrong: new Set() };
for (const name of (await readdir(folder)).sort()) {
  const text = await readFile(join(folder, name, "expected.json"), "utf8").catch(() => undefined);
  if (text === undefined || name.startsWith(".")) continue;
  const expected = JSON.parse(text);
  const { kind, words } = await judge(join(folder, name), Object.keys(expected.follows).sort());
  types[kind].add(expected.type);
  if (kind === "right") {
    right[words] ??= [];
    right[words].push(name);
  } else if (kind === "noVocabulary") noVocabulary.push(name);
  else if (kind === "refused") refused[name] = words;
  else wrong[name] = words;
}
const skipped = JSON.parse(await readFile(join(folder, "skipped.json"), "utf8"));
const isPart = (reason) => reason.startsWith("no class");
const notBuilt = Object.fromEntries(
  Object.entries(skipped)
    .filter(([, reason]) => !isPart(reason))
    .map(([name, reason]) => [name, reason.split("\n").join(" ").slice(0, 100)]),
);
const counts = {
  right: Object.values(right).flat().length,
  noVocabulary: noVocabulary.length,
  refused: Object.keys(refused).length,
  wrong: Object.keys(wrong).length,
  notBuilt: Object.keys(notBuilt).length,
};
const report = {
  madeBy: "tools/oracle/checkpoint-types.py and .mjs with transformers 5.18",
  classes: counts,
  modelTypes: Object.fromEntries(Object.entries(types).map(([kind, found]) => [kind, found.size])),
  partsOfOtherModels: Object.values(skipped).filter(isPart).length,
  right,
  noVocabulary,
  refused,
  wrong,
  notBuilt,
};
console.log(JSON.stringify(report, (_, value) => (Array.isArray(value) ? value.join(" ") : value), 2));

async function judge(directory, expected) {
  try {
    const checkpoint = await openCheckpoint(directory);
    await checkpoint.close();
    const found = checkpoint.tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name)).sort();
    if (found.join() === expected.join()) {
      return { kind: "right", words: checkpoint.tables.map(({ slot }) => slot).join(" ") };
    }
    const missed = expected.filter((name) => !found.includes(name));
    const tooMany = found.filter((name) => !expected.includes(name));
    return { kind: "wrong", words: `missed ${missed}; too many ${tooMany}` };
  } catch (error) {
    const words = String(error.message).replaceAll(`${directory}/`, "").replaceAll(directory, "it");
    if (error.code === undefined) return { kind: "wrong", words: words.slice(0, 160) };
    return { kind: expected.length === 0 ? "noVocabulary" : "refused", words: words.slice(0, 160) };
  }
}
