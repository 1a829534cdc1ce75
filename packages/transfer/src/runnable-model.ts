import type { RunnableModel } from "@revocab/core";
import { languageModel, openTransformer, type Transformer, tablesOf } from "@revocab/transformer-runtime";
import type { OpenModel } from "./open-model.ts";

/** A model that methods may run; its layers are loaded when one first asks. */
export interface LazyModel {
  readonly model: () => Promise<RunnableModel>;
  close(): Promise<void>;
}

/**
 * @param transformer the model's layers where they are loaded already; the caller closes them
 */
export function lazyModel(
  { checkpoint, tokenizer }: OpenModel,
  { threads, transformer }: { readonly threads?: number; readonly transformer?: Transformer } = {},
): LazyModel {
  let opening: Promise<Transformer> | undefined;
  const open = () => {
    opening ??= transformer
      ? Promise.resolve(transformer)
      : openTransformer(checkpoint, threads === undefined ? {} : { threads });
    return opening;
  };
  return {
    async model() {
      const layers = await open();
      const { kind, contextLength, width, head } = layers.description;
      return {
        kind,
        contextLength,
        width: head.transform?.dense.outputs ?? width,
        vocabulary: tokenizer.vocabulary,
        encode: tokenizer.encode,
        async hiddenStates(queries, { input, ...options } = {}) {
          const own = tablesOf(checkpoint);
          const runs = languageModel(layers, input === undefined ? own : { ...own, input });
          try {
            return await runs.hiddenStates(queries, options);
          } finally {
            await runs.close();
          }
        },
      };
    },
    async close() {
      if (transformer === undefined) await (await opening)?.close();
    },
  };
}
