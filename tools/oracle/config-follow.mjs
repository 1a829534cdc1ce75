// The configs of a JSON file for a vocabulary in which every id is one higher: input and output of config-follow.py.
//
//     node tools/oracle/config-follow.mjs configs.json followed.json
import { readFileSync, writeFileSync } from "node:fs";
import { editJson, followVocabulary } from "../../packages/checkpoint/dist/index.js";

const [from, to] = process.argv.slice(2);
const tokenIds = {
  isExact: true,
  byRole: () => undefined,
  byOldId: (id) => id + 1,
  kindOf: () => "special",
};
const followed = Object.entries(JSON.parse(readFileSync(from, "utf8"))).map(([name, { text, rows }]) => {
  try {
    const options = { json: JSON.parse(text), sourceRows: rows, rows: rows + 1, tokenIds };
    const { changes, unmapped } = followVocabulary(options);
    return [name, { text: editJson(text, changes), unmapped }];
  } catch (error) {
    return [name, { error: error.message }];
  }
});
writeFileSync(to, JSON.stringify(Object.fromEntries(followed)));
