import type { Checkpoint } from "@revocab/checkpoint";
import {
  type Job,
  RevocabError,
  type SourceModel,
  type SpecialRole,
  type TokenId,
  type Vocabulary,
  type WriteOptions,
} from "@revocab/core";
import { asEvidence } from "@revocab/embedding-init/internal";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import type { OpenModel } from "./open-model.ts";

/** Texts that a model has written: all methods of a comparison and their leave-out tests need the same ones. */
const TEXTS = new WeakMap<OpenTransformer, Map<string, readonly Uint32Array[]>>();

/** Layers that are loaded when they are first asked for. */
export interface LayersOnDemand {
  open(): Promise<OpenTransformer>;
  /** Closes what `open` has loaded. */
  close(): Promise<void>;
}

/** @param transformer the layers, where they are open already; the caller closes them */
export function layersOnDemand(
  { checkpoint }: OpenModel,
  { job, transformer }: { readonly job?: Job; readonly transformer?: OpenTransformer } = {},
): LayersOnDemand {
  let opening: Promise<OpenTransformer> | undefined;
  return {
    async open() {
      if (transformer !== undefined) return transformer;
      opening ??= runtime().then(({ openTransformer }) => openTransformer(checkpoint, { job }));
      return opening;
    },
    async close() {
      await (await opening)?.close();
    },
  };
}

/**
 * The model as methods run it, with the rows of its checkpoint.
 * @throws RevocabError `unsupported_architecture`, when it is asked for, where it has an encoder
 */
export function sourceModel(
  { checkpoint, readable: tokenizer }: OpenModel,
  layers: Pick<LayersOnDemand, "open">,
): () => Promise<SourceModel> {
  return async () => {
    const transformer = await layers.open();
    const { tablesOf } = await runtime();
    if (transformer.description.encoder !== undefined) throw notByMethods(checkpoint);
    return {
      transformer,
      input: tablesOf(checkpoint).input,
      vocabulary: tokenizer.vocabulary,
      encode: asEvidence(tokenizer),
      async writeTexts(options) {
        const known = TEXTS.get(transformer) ?? new Map<string, readonly Uint32Array[]>();
        TEXTS.set(transformer, known);
        const key = `${options.tokens} ${options.seed}`;
        const texts = known.get(key) ?? (await write(transformer, checkpoint, tokenizer.vocabulary, options));
        known.set(key, texts);
        return texts;
      },
    };
  };
}

/** Methods read texts without what an encoder reads beside them, and without what a decoder begins them with. */
function notByMethods({ directory, modelType }: Checkpoint): RevocabError {
  return new RevocabError(
    "unsupported_architecture",
    `${directory} (${modelType}) is an encoder–decoder model; methods that run the model need a decoder alone`,
    { hint: "use subtoken-mean, or another method that runs no model" },
  );
}

async function write(
  transformer: OpenTransformer,
  checkpoint: Checkpoint,
  vocabulary: Vocabulary,
  options: WriteOptions,
) {
  const { languageModel, tablesOf, writeTexts } = await runtime();
  transformer.requireWhole();
  const model = languageModel(transformer, tablesOf(checkpoint));
  try {
    return await writeTexts({ ...options, ...textLimits(vocabulary), model });
  } finally {
    await model.close();
  }
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
