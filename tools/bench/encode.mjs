// Encoding the lines of texts in the library's own process, beside the same library called directly, in one run.
// usage: node tools/bench/encode.mjs [--runs 3] --text FILE [--text FILE] TOKENIZER…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { mapAhead } from "../../packages/core/dist/index.js";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { text: { type: "string", multiple: true }, runs: { type: "string", default: "3" } },
});
if (!values.text || positionals.length === 0) {
  console.error("usage: node tools/bench/encode.mjs [--runs 3] --text FILE [--text FILE] TOKENIZER…");
  process.exit(2);
}
const require = createRequire(new URL("../../packages/vocabulary/package.json", import.meta.url));
const { Tokenizer } = require("tokenizers");
const lines = values.text.flatMap((path) => readFileSync(path, "utf8").split("\n"));
console.log(`${lines.length} lines, ${(lines.join("\n").length / 1e6).toFixed(1)} M characters`);

for (const path of positionals) {
  const tokenizer = await loadTokenizer(path);
  const library = Tokenizer.fromString(new TextDecoder().decode(tokenizer.files.get("tokenizer.json")));
  const direct = async (line) =>
    Uint32Array.from((await library.encode(line, null, { addSpecialTokens: false })).getIds());
  const ways = { direct, "own process": tokenizer.encode };
  for (const encode of Object.values(ways)) await encode("to begin");
  const ratios = { lines: [], "one by one": [] };
  for (let run = 0; run < Number(values.runs); run++) {
    const times = {};
    const few = lines.slice(0, 2000);
    for (const [way, encode] of Object.entries(ways)) {
      times[way] = {
        lines: await time(async () => {
          for await (const _ of mapAhead(lines, encode));
        }),
        "one by one": await time(async () => {
          for (const line of few) await encode(line);
        }),
      };
    }
    for (const job of Object.keys(ratios)) ratios[job].push(times["own process"][job] / times.direct[job]);
    const said = (way) =>
      `${way} ${times[way].lines.toFixed(0)} ms, one by one ${((1000 * times[way]["one by one"]) / few.length).toFixed(0)} µs a line`;
    console.log(`${path}: ${said("direct")}; ${said("own process")}`);
  }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)].toFixed(2);
  console.log(`  own process ÷ direct: ${median(ratios.lines)}, one by one ${median(ratios["one by one"])}`);
}

async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
