// The whole swap from code, with progress and a way to stop it.
//   node examples/swap-tokenizer.mjs [OUT]
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { swapTokenizer } from "@revocab/transfer";

const out = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), "revocab-")), "swapped");
const report = await swapTokenizer({
  model: "sample/model",
  tokenizer: "sample/tokenizer",
  method: subtokenMean({ weighting: "front-loaded" }),
  // the sample model is tied; this weighting gives input and head different rows
  untie: true,
  out,
  job: {
    abortSignal: AbortSignal.timeout(60_000),
    onProgress: (event) => event.type === "step" && console.error(event.step),
  },
});

for (const { slot, origins } of report.tables) console.log(slot, origins);
console.log(
  `parameters: ${report.parameters.before.toLocaleString("en")} → ${report.parameters.after.toLocaleString("en")}`,
);
console.log(`written to ${out}`);
