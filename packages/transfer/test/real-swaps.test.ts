import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SPECIAL_ROLES, type Vocabulary } from "@revocab/core";
import { subtokenMean } from "@revocab/embedding-init";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { realData as data } from "@revocab/test-support/real-data";
import { swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { checkSwap } from "./check-swap.ts";

const scratch = scratchFolders();

/**
 * Rows that are copied, spelled, without evidence and unused: first for `stories260k` (tied, byte fallback), then for
 * `shakespeare-char` (untied, 65 characters).
 *
 * `tools/oracle/subtoken_mean.py`, which reads the files anew, counts the same with these exceptions: it knows no `##`
 * (BERT), no role where tokenizer_config.json is missing (one special of GPT-2), takes phi-3's `</s>` for text, and was
 * not asked about Qwen2 and the SentencePiece models.
 */
const TARGETS: Readonly<
  Record<string, readonly [stories: readonly number[], shakespeare: readonly number[]]>
> = {
  "bert-cased": [
    [248, 28643, 4, 101],
    [63, 25981, 2851, 101],
  ],
  "de-bpe-50k": [
    [395, 49603, 2, 0],
    [65, 41982, 7953, 0],
  ],
  "de-unigram-50k": [
    [172, 49826, 2, 0],
    [64, 33295, 16641, 0],
  ],
  gpt2: [
    [415, 49842, 0, 0],
    [65, 47001, 3191, 0],
  ],
  "llama-2": [
    [518, 31482, 0, 0],
    [129, 24141, 7730, 0],
  ],
  "mistral-v0.1": [
    [547, 31453, 0, 0],
    [129, 25071, 6800, 0],
  ],
  "phi-3": [
    [519, 31482, 10, 0],
    [129, 24141, 7741, 0],
  ],
  pythia: [
    [408, 49868, 6, 0],
    [65, 43716, 6501, 0],
  ],
  qwen2: [
    [420, 151224, 2, 0],
    [65, 77910, 73671, 0],
  ],
  "roberta-base": [
    [417, 49846, 2, 0],
    [65, 47001, 3199, 0],
  ],
  "sentencepiece/en-1000.model": [
    [167, 833, 0, 0],
    [57, 920, 23, 0],
  ],
  "sentencepiece/ja-8000.model": [
    [105, 7895, 0, 0],
    [62, 20, 7918, 0],
  ],
  "sentencepiece/tinystories-4000.model": [
    [169, 3830, 1, 0],
    [32, 3957, 11, 0],
  ],
  "sw-unigram-50k": [
    [188, 49810, 2, 0],
    [64, 43866, 6070, 0],
  ],
  "t5-small": [
    [198, 31801, 101, 0],
    [64, 28414, 3622, 0],
  ],
  "tinystories-bpe-1024": [
    [326, 698, 0, 0],
    [65, 836, 123, 0],
  ],
};

const MODELS = ["stories260k", "shakespeare-char"] as const;

describe.skipIf(data === undefined)("real models take every real tokenizer", () => {
  it.each(Object.entries(TARGETS))("%s", async (name, expected) => {
    const path = join(data!, "tokenizers", name);
    const tokenizer = await loadTokenizer(path, { reading: "file" });
    for (const [i, modelName] of MODELS.entries()) {
      const model = join(data!, "models", modelName);
      const out = join(scratch(), "out");
      const untouched = contentOf(model);
      const report = await swapTokenizer({ model, tokenizer: path, method: subtokenMean(), out });
      expect(contentOf(model)).toEqual(untouched);

      const [copied, spelled, withoutEvidence, unused] = expected[i]!;
      const slots = modelName === "stories260k" ? ["input"] : ["input", "output"];
      const rows = await checkSwap({ model, tokenizer, out, every: 50 });
      expect(rows).toEqual(
        Object.fromEntries(slots.map((slot) => [slot, { copied, spelled, withoutEvidence, unused }])),
      );
      const origins = withoutZeros({
        "copy-overlap": copied,
        "subtoken-mean": spelled,
        mean: withoutEvidence,
        unused,
      });
      expect(report.tables).toEqual(slots.map((slot) => ({ slot, role: slot, origins })));
      expect(copied! + spelled! + withoutEvidence! + unused!).toBe(tokenizer.vocabulary.size);
      checkConfigs(model, out, tokenizer.vocabulary);
    }
  });
});

function withoutZeros(counts: Record<string, number | undefined>): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** Sizes and token ids are the new vocabulary's, or null where it has no such token; every other key is as it was. */
function checkConfigs(model: string, out: string, vocabulary: Vocabulary): void {
  for (const file of ["config.json", "generation_config.json"]) {
    const [before, after] = [model, out].map((folder) => readJson(join(folder, file)));
    const expected = { ...before };
    if ("vocab_size" in expected) expected.vocab_size = vocabulary.size;
    for (const role of SPECIAL_ROLES) {
      const key = `${role}_token_id`;
      if (key in expected) expected[key] = vocabulary.idOfRole(role) ?? null;
    }
    expect(after, file).toEqual(expected);
  }
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}
