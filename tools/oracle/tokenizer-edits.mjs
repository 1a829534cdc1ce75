/**
 * Extends and prunes every folder of tokenizer-readings.py with revocab, for tokenizer-edits.py to open beside its source.
 *
 *     node tools/oracle/tokenizer-edits.mjs WORK
 */

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extendTokenizer, pruneTokenizer } from "@revocab/vocabulary-editing";
import { loadTokenizer, TOKENIZER_FILES } from "../../packages/vocabulary/dist/index.js";

const work = process.argv[2];
const refused = new Map();
let written = 0;
for (const name of readdirSync(work).sort()) {
  const folder = join(work, name);
  if (!existsSync(join(folder, "observed.json"))) continue;
  const tokenizer = await loadTokenizer(folder);
  const { vocabulary } = tokenizer;
  const kept = Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) => {
    const token = vocabulary.tokenOf(id);
    return token !== "" && !/^(##|▁|Ġ)?on$/.test(token);
  });
  await attempt("extended", () => extendTokenizer(tokenizer, { addedTokens: ["[ENT]"] }));
  await attempt("pruned", () => pruneTokenizer(tokenizer, { keep: kept }));

  async function attempt(edit, make) {
    const out = join(folder, edit);
    rmSync(out, { recursive: true, force: true });
    try {
      const edited = (await make()).tokenizer;
      mkdirSync(out);
      for (const file of readdirSync(folder)) {
        if (
          /\.(json|txt)$/.test(file) &&
          !TOKENIZER_FILES.includes(file) &&
          !["observed.json", "refused.txt"].includes(file)
        )
          cpSync(join(folder, file), join(out, file));
      }
      for (const [file, bytes] of edited.files) writeFileSync(join(out, file), bytes);
      written++;
    } catch (error) {
      const reason = error.message.replace(/^.*?(cannot be edited)/, "$1").slice(0, 160);
      refused.set(reason, [...(refused.get(reason) ?? []), `${name} ${edit}`]);
    }
  }
}
console.log(written, "edits written;", [...refused.values()].flat().length, "refused");
for (const [reason, names] of refused)
  console.log(`  ${names.length}: ${reason} (${names.slice(0, 3).join(", ")})`);
