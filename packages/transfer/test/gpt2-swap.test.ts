import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { scratchFolders } from "@revocab/test-support/folders";
import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { expect, it } from "vitest";
import { checkSwap } from "./check-swap.ts";

const scratch = scratchFolders();

/** Both are part of the repository: what anyone can run. */
it("the sample model takes GPT-2's tokenizer, each row what its pieces say", async () => {
  const [folder, out] = [join(scratch(), "gpt2"), join(scratch(), "out")];
  mkdirSync(folder);
  writeFileSync(join(folder, "tokenizer.json"), gpt2TokenizerJson());
  const tokenizer = await loadTokenizer(folder);
  const report = await swapTokenizer({ model: SAMPLE_MODEL, tokenizer: folder, method: subtokenMean(), out });
  const rows = await checkSwap({ model: SAMPLE_MODEL, tokenizer, out, every: 50 });
  expect(rows).toEqual({ input: { copied: 1233, spelled: 49_024, withoutEvidence: 0, unused: 0 } });
  expect(report.tables).toEqual([
    { slot: "input", role: "input", origins: { "copy-overlap": 1233, "subtoken-mean": 49_024 } },
  ]);
});
