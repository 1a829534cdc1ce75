import type { FallbackChain, InitContext, InitMethod, Matrix, MixtureMethod, RowMethod } from "@revocab/core";
import {
  copyOverlap,
  initializeRows,
  METHODS,
  type MethodEntry,
  mean,
  methodCandidates,
  methodNamed,
  type PlannedTable,
  planTable,
  random,
  subtokenMean,
  withFallback,
} from "@revocab/embedding-init";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function rows(embeddings: Matrix, context: InitContext): Promise<void> {
  const { vocabulary: source } = await loadTokenizer("sample/model");
  const { vocabulary: target } = await loadTokenizer("sample/tokenizer");
  const initialized = await initializeRows({
    source: { embeddings, vocabulary: source },
    target: { vocabulary: target },
    method: withFallback(copyOverlap(), subtokenMean(), mean()),
    tokens: Uint32Array.of(1, 2),
    role: "output",
    seed: 1,
  });
  same<typeof initialized, Matrix>();

  await initializeRows({
    source: { embeddings, vocabulary: source },
    target: { vocabulary: target },
    // @ts-expect-error: a method, not its name
    method: "subtoken-mean",
  });

  const [table] = context.source.tables;
  // @ts-expect-error: a model may have no table
  await planTable({ context, method: mean(), table });
  if (table === undefined) return;
  const plan = await planTable({ context, method: mean(), table, rows: 8 });
  same<typeof plan, PlannedTable>();
}

same<ReturnType<typeof subtokenMean>, MixtureMethod>();
same<ReturnType<typeof random>, RowMethod>();
same<ReturnType<typeof withFallback>, FallbackChain>();
subtokenMean({ weighting: "front-loaded", decay: 0.3 });
random({ standardDeviation: 0.1 });
// @ts-expect-error: no such weighting
subtokenMean({ weighting: "heavy" });
// @ts-expect-error: a number
random({ standardDeviation: "0.1" });

same<ReturnType<typeof methodNamed>, InitMethod>();
methodNamed("subtoken-mean", { weighting: "uniform" });
const entry = METHODS["subtoken-mean"];
same<typeof entry, MethodEntry | undefined>();
if (entry !== undefined) methodNamed("mine", {}, { ...METHODS, mine: entry });

const choice = methodCandidates("auto", { text: "corpus.txt" });
same<(typeof choice.candidates)[number]["method"], InitMethod>();
methodCandidates(["mean", "subtoken-mean:weighting=uniform"]);
