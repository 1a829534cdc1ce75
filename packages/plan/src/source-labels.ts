import type { Vocabulary } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";
import type { PlanSource, SourceLabels } from "./swap-plan.ts";

/** The labels of a vocabulary's tokens, and of the padding rows behind them. */
export function sourceLabels(vocabulary: Vocabulary, rows: number): SourceLabels {
  const encoder = new TextEncoder();
  const labels = Array.from({ length: rows }, (_, id) =>
    encoder.encode(id < vocabulary.size ? displayToken(vocabulary, id) : `(padding row ${id})`),
  );
  const offsets = new Uint32Array(rows + 1);
  for (const [id, label] of labels.entries()) offsets[id + 1] = (offsets[id] as number) + label.length;
  return { offsets, bytes: Buffer.concat(labels) };
}

/** A source row of a plan as a person reads it: a token, a padding row, or one of the basis rows behind them. */
export function labelOfRow({ labels: { offsets, bytes }, rows }: PlanSource, id: number): string {
  if (id >= rows) return `(basis row ${id - rows})`;
  return new TextDecoder().decode(bytes.subarray(offsets[id], offsets[id + 1]));
}
