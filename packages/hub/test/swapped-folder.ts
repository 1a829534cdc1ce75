import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { afterAll, beforeAll } from "vitest";

/** Gives copies of a folder as a swap of the sample writes it; the swap itself is made once a file. */
export function swappedFolders(): () => string {
  const scratch = scratchFolders();
  const place = mkdtempSync(join(tmpdir(), "revocab-swapped-"));
  const out = join(place, "out");
  beforeAll(async () => {
    await swapTokenizer({ model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean(), out });
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  return () => {
    const copy = join(scratch(), "out");
    cpSync(out, copy, { recursive: true });
    return copy;
  };
}
