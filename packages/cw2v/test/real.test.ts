import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import type { EmbeddingTable, InitContext } from "@revocab/core";
import { cw2v } from "@revocab/cw2v";
import { planTable } from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { realData as data } from "@revocab/test-support/real-data";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

describe.skipIf(data === undefined)("cw2v of stories260k, learned from 600 lines of stories", () => {
  it("lowers the loss, and fills the rows of the tokens it met with convex sums of the source's tokens", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cw2v-real-"));
    const text = join(folder, "stories.txt");
    const lines = readFileSync(join(data as string, "text/tinystories.txt"), "utf8").split("\n");
    writeFileSync(text, lines.slice(0, 600).join("\n"));
    const checkpoint = await openCheckpoint(join(data as string, "models/stories260k"));
    try {
      const source = await loadTokenizer(join(data as string, "models/stories260k"));
      const target = await loadTokenizer(join(data as string, "tokenizers/tinystories-bpe-1024"));
      const notes: string[] = [];
      const context: InitContext = {
        source: { vocabulary: source.vocabulary, tables: checkpoint.tables },
        target: { vocabulary: target.vocabulary, encode: target.encode },
        alignment: alignVocabularies({ source: source.vocabulary, target: target.vocabulary }),
        seed: 0,
        initializerRange: 0.02,
        job: { onProgress: (event) => event.type === "note" && notes.push(event.message) },
      };
      const method = cw2v({ text, rank: 64, epochs: 2, batch: 1024, threads: 1 });
      const { mixture } = await planTable({ context, method, table: checkpoint.tables[0] as EmbeddingTable });
      const [first, second] = notes.flatMap((note) => /loss ([\d.]+)/.exec(note)?.[1] ?? []).map(Number);
      expect(second).toBeLessThan(first);
      const rows = Array.from({ length: target.vocabulary.size }, (_, id) => mixtureRow(mixture, id));
      const learned = rows.filter(({ weights }) => weights.length > 1);
      expect(learned.length).toBeGreaterThan(500);
      for (const { sources, weights } of learned) {
        expect(weights.length).toBeLessThanOrEqual(64);
        expect(weights.every((weight) => weight > 0)).toBe(true);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        expect(sources.every((one) => /text|byte/.test(source.vocabulary.kindOf(one)))).toBe(true);
      }
    } finally {
      await checkpoint.close();
      rmSync(folder, { recursive: true });
    }
  });
});
