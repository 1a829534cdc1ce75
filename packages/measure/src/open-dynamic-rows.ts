import {
  cachedRows,
  hypernetworkRows,
  methodRows,
  plannedRows,
  type RowProvider,
} from "@revocab/dynamic-tokenization";
import { subtokenMean, withFallback } from "@revocab/embedding-init";
import { type OpenModel, openPlan } from "@revocab/plan";
import { sourceModel } from "@revocab/plan/internal";
import { type OpenTransformer, tablesOf } from "@revocab/transformer-runtime";
import type { DynamicScoringOptions } from "./dynamic-evaluation.ts";

/** Opens what gives merged tokens their rows. Methods run the model with the layers that are open. */
export async function openDynamicRows(
  model: OpenModel,
  transformer: OpenTransformer,
  { rows, seed, job }: DynamicScoringOptions,
): Promise<RowProvider> {
  const { checkpoint, readable } = model;
  if ("hypernetwork" in rows) {
    const opened = { vocabulary: readable.vocabulary, tables: tablesOf(checkpoint) };
    const { hypernetwork: directory, language } = rows;
    return cachedRows(await hypernetworkRows({ directory, language, model: opened, job }));
  }
  const { vocabulary, encode, family } = readable;
  const { tables, rotary, initializerRange } = checkpoint;
  const layers = { open: async () => transformer };
  const source = { vocabulary, encode, family, tables, model: sourceModel(model, layers), rotary };
  if ("method" in rows) return methodRows({ method: rows.method, source, seed, initializerRange });
  const planned = await openPlan(rows.plan);
  try {
    const method = withFallback(plannedRows(planned, model), subtokenMean());
    return {
      ...methodRows({ method, source, seed, initializerRange }),
      close: () => planned.rowSource.close(),
    };
  } catch (error) {
    await planned.rowSource.close();
    throw error;
  }
}
