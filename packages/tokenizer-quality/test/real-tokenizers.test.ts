import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { realData } from "@revocab/test-support/real-data";
import { measureQuality } from "@revocab/tokenizer-quality";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, it } from "vitest";
import { expectFigures, type OracleFigures } from "./oracle-figures.ts";

/*
 * The figures of `tools/oracle/tokenizer-quality.py` for a real tokenizer of each family, on the first lines of real texts. The other eight
 * that have a tokenizer.json agreed, too, when they were given to both.
 *
 *     D=DATA/tokenizers X=DATA/text/xquad
 *     python tools/oracle/tokenizer-quality.py $D/gpt2 $D/llama-2 $D/bert-cased $D/t5-small $D/tinystories-bpe-1024 --lines 40 \
 *       --text $X.en.txt --text $X.de.txt --text $X.zh.txt --parallel $X.en.txt:$X.ar.txt > packages/tokenizer-quality/test/fixtures/real.json
 */
const LINES = 40;
const golden = JSON.parse(
  readFileSync(new URL("fixtures/real.json", import.meta.url), "utf8"),
) as OracleFigures;
const scratch = scratchFolders();

describe.skipIf(realData === undefined)("figures of real tokenizers", () => {
  it("are those that Python computes by the published definitions", async () => {
    const start = (name: string) => {
      const path = join(scratch(), `${name}.txt`);
      const lines = readFileSync(join(realData!, `text/xquad.${name}.txt`), "utf8").split("\n");
      writeFileSync(path, `${lines.slice(0, LINES).join("\n")}\n`);
      return path;
    };
    const tokenizers = [];
    for (const { name } of golden.tokenizers) {
      const path = join(realData!, "tokenizers", name);
      tokenizers.push({ name, tokenizer: await loadTokenizer(path, { reading: "file" }) });
    }
    const report = await measureQuality({
      tokenizers,
      texts: ["en", "de", "zh"].map((name) => ({ name, path: start(name) })),
      parallel: [{ name: "en:ar", source: start("en"), target: start("ar") }],
    });
    expectFigures(report, golden);
  });
});
