import type { Job, RunnableModel, SpecialRole, TokenId, Vocabulary, WriteOptions } from "@revocab/core";
import { asEvidence } from "@revocab/embedding-init/internal";
import type { Transformer } from "@revocab/transformer-runtime";
import type { OpenModel } from "./open-model.ts";

/** A model that methods may run; its layers are loaded when one first asks. */
export interface LazyModel {
  readonly model: () => Promise<RunnableModel>;
  close(): Promise<void>;
}

/** Texts that a model has written: a comparison asks for the same ones for every method, and again in its leave-out test. */
const TEXTS = new WeakMap<Transformer, Map<string, readonly Uint32Array[]>>();

/**
 * @param transformer the model's layers where they are loaded already; the caller closes them
 */
export function lazyModel(
  { checkpoint, readable: tokenizer }: OpenModel,
  {
    job,
    transformer,
  }: {
    readonly job?: Job;
    readonly transformer?: Transformer;
  } = {},
): LazyModel {
  let opening: Promise<Transformer> | undefined;
  const open = () => {
    opening ??= transformer ? Promise.resolve(transformer) : load();
    return opening;
  };
  const load = async () => {
    const { openTransformer } = await runtime();
    return openTransformer(checkpoint, { job });
  };
  const write = async (layers: Transformer, options: WriteOptions) => {
    const { languageModel, writeTexts } = await runtime();
    const runs = languageModel(layers);
    try {
      return await writeTexts({ ...options, ...textLimits(tokenizer.vocabulary), model: runs });
    } finally {
      await runs.close();
    }
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
        encode: asEvidence(tokenizer),
        async writeTexts({ tokens, seed, ...options }) {
          const known = TEXTS.get(layers) ?? new Map<string, readonly Uint32Array[]>();
          TEXTS.set(layers, known);
          const key = `${tokens} ${seed}`;
          const texts = known.get(key) ?? (await write(layers, { tokens, seed, ...options }));
          known.set(key, texts);
          return texts;
        },
        async hiddenStates(queries, { input, job } = {}) {
          const { languageModel, tablesOf } = await runtime();
          const own = tablesOf(checkpoint);
          const runs = languageModel(layers, input === undefined ? own : { ...own, input });
          try {
            return await runs.hiddenStates(queries, job);
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

/** Most swaps run no model, and do not wait for what would. */
function runtime() {
  return import("@revocab/transformer-runtime");
}

/** Where a text of a language model begins and ends, and which tokens it is made of. */
export interface TextLimits {
  /** The token that opens a text, or, without one, all that a text may begin with. */
  readonly openings: readonly TokenId[];
  /** Whether what a text was opened with is a part of it. */
  readonly keepsOpening: boolean;
  readonly ends: ReadonlySet<TokenId>;
  /** Text, and tokens that end it. */
  readonly isAllowed: (token: TokenId) => boolean;
}

/** Where there is no token that opens a text, one that ends it does: texts stand one after the other when a model is trained. */
const OPENING_ROLES: readonly SpecialRole[] = ["bos", "eos"];
/** Some models write the next text's opening where a text has ended. */
const END_ROLES: readonly SpecialRole[] = ["eos", "sep", "pad", "bos"];

export function textLimits(vocabulary: Vocabulary): TextLimits {
  const ends = new Set(END_ROLES.flatMap((role) => vocabulary.idOfRole(role) ?? []));
  const texts = Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
    /^(text|byte)$/.test(vocabulary.kindOf(id)),
  );
  // asked for every token at every step
  const allowed = new Uint8Array(vocabulary.size);
  for (const id of [...texts, ...ends]) allowed[id] = 1;
  const opening = OPENING_ROLES.map((role) => vocabulary.idOfRole(role)).find((id) => id !== undefined);
  return {
    openings: opening === undefined ? texts : [opening],
    keepsOpening: opening === undefined,
    ends,
    isAllowed: (id) => allowed[id] === 1,
  };
}
