/**
 * The ids that revocab gives for texts: a JSON array of strings on stdin, an array of id arrays on stdout.
 *
 *     node tools/oracle/encode-texts.mjs TOKENIZER < texts.json > ids.json
 */
import { text } from "node:stream/consumers";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const tokenizer = await loadTokenizer(process.argv[2]);
const ids = [];
for (const line of JSON.parse(await text(process.stdin))) ids.push([...(await tokenizer.encode(line))]);
process.stdout.write(JSON.stringify(ids));
