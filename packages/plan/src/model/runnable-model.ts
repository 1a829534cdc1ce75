import type { Job, RunnableModel, SpecialRole, TokenId, Vocabulary, WriteOptions } from "@revocab/core";
import { asEvidence } from "@revocab/embedding-init/internal";
import type { Transformer } from "@revocab/transformer-runtime";
import type { OpenModel } from "./open-model.ts";

/** A model that methods may run; its layers are loaded when the first method does. */
export interface LazyModel {
  readonly model: () => Promise<RunnableModel>;
  close(): Promise<void>;
}

/** Texts that a model has written: all methods of a comparison and their leave-out tests need the same ones. */
const TEXTS = new WeakMap<Transformer, Map<string, readonly Uint32Array[]>>();

/**
 * @param transformer the model's layers, where they are loaded already; the caller closes them
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

/** Imported when it is needed: most swaps run no model. */
function runtime() {
  return import("@revocab/transformer-runtime");
}

/** The tokens that a generated text may begin with, end with and contain. */
export interface TextLimits {
  /** The token that opens a text; where there is none, all tokens that a text may begin with. */
  readonly openings: readonly TokenId[];
  /** Whether the opening token is a part of the text. */
  readonly keepsOpening: boolean;
  readonly ends: ReadonlySet<TokenId>;
  /** Tokens of text, and those that end it. */
  readonly isAllowed: (token: TokenId) => boolean;
}

/** Without a BOS the EOS opens a text: in training, texts follow one another. */
const OPENING_ROLES: readonly SpecialRole[] = ["bos", "eos"];
/** Some models write the next text's opening where a text has ended. */
const END_ROLES: readonly SpecialRole[] = ["eos", "sep", "pad", "bos"];

export function textLimits(vocabulary: Vocabulary): TextLimits {
  const ends = new Set(END_ROLES.flatMap((role) => vocabulary.idOfRole(role) ?? []));
  const texts = Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
    /^(text|byte)$/.test(vocabulary.kindOf(id)),
  );
  // called for every token at every step
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
