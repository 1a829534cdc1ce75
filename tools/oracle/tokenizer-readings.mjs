/**
 * Compares what revocab reads from the folders of tokenizer-readings.py with what AutoTokenizer read there.
 *
 *     node tools/oracle/tokenizer-readings.mjs WORK
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const work = process.argv[2];
const shown = Number(process.argv[3] ?? 3);
const counts = { right: 0, "not in force": 0, wrong: 0, "opened though the library does not": 0 };
const reasons = new Map();
for (const name of readdirSync(work).sort()) {
  const folder = join(work, name);
  if (!["tokenizer.json", "tokenizer_config.json"].some((file) => existsSync(join(folder, file)))) continue;
  const expected = existsSync(join(folder, "observed.json"))
    ? JSON.parse(readFileSync(join(folder, "observed.json"), "utf8"))
    : undefined;
  let tokenizer;
  try {
    tokenizer = await loadTokenizer(folder);
  } catch (error) {
    counts[expected ? "wrong" : "not in force"]++;
    if (expected) console.log(name, "ERROR", error.message);
    continue;
  }
  const { reference } = tokenizer;
  if (!reference.isInForce) {
    counts["not in force"]++;
    const reason = reference.reason.replace(/^.* as (\w+), but /, "$1: ");
    reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
    continue;
  }
  if (!expected) {
    counts["opened though the library does not"]++;
    console.log(
      name,
      "opened, though the library does not:",
      readFileSync(join(folder, "refused.txt"), "utf8"),
    );
    continue;
  }
  const problems = await compare(tokenizer, expected);
  if (problems.length === 0) counts.right++;
  else {
    counts.wrong++;
    console.log(name, problems.length, "differ");
    for (const problem of problems.slice(0, shown)) console.log("   ", problem);
  }
}
console.log(counts);
for (const [reason, names] of reasons)
  console.log(`${names.length}: ${reason} (${names.slice(0, 4).join(", ")})`);

async function compare(tokenizer, expected) {
  const problems = [];
  const same = (what, found, wanted) => {
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      problems.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  };
  const { reference, vocabulary } = tokenizer;
  same("class", reference.className.replace("PreTrainedTokenizerFast", "TokenizersBackend"), expected.class);
  for (const key of ["paddingSide", "truncationSide", "modelInputNames"])
    same(key, reference[key], expected[key]);
  same("modelMaxLength", reference.modelMaxLength ?? null, expected.modelMaxLength);
  same("size", vocabulary.size, expected.size);
  for (const [token, id] of Object.entries(expected.vocabulary)) {
    if (vocabulary.tokenOf(id) !== token)
      problems.push(`token ${id}: ${vocabulary.tokenOf(id)} instead of ${token}`);
  }
  for (const [name, token] of Object.entries(expected.named)) {
    const id = vocabulary.idOfRole(name.replace("_token", ""));
    if (
      id === undefined
        ? [
            "bos_token",
            "eos_token",
            "pad_token",
            "unk_token",
            "mask_token",
            "sep_token",
            "cls_token",
          ].includes(name)
        : vocabulary.tokenOf(id) !== token
    )
      problems.push(`${name}: ${id} ${id === undefined ? "" : vocabulary.tokenOf(id)} instead of ${token}`);
  }
  for (const { text, ids, types, decoded } of expected.texts) {
    const found = await tokenizer.encodeWithSpecials(text);
    same(`ids of ${JSON.stringify(text)}`, [...found.ids], ids);
    same(`types of ${JSON.stringify(text)}`, [...found.typeIds], types);
    // A class that decodes by code of its own is not asked for: its texts are not those of the components.
    if (!reference.methods.includes("decode"))
      same(`text of ${JSON.stringify(text)}`, await tokenizer.decode(Uint32Array.from(ids)), decoded);
  }
  for (const { pair, ids, types } of expected.pairs) {
    const found = await tokenizer.encodeWithSpecials(...pair);
    same(`ids of ${JSON.stringify(pair)}`, [...found.ids], ids);
    same(`types of ${JSON.stringify(pair)}`, [...found.typeIds], types);
  }
  return problems;
}
