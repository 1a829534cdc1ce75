import { basename } from "node:path";
import { type Checkpoint, localFiles, type OpenCheckpointOptions, openCheckpoint } from "@revocab/checkpoint";
import { RevocabError, showNotes, type TokenKind } from "@revocab/core";
import {
  type DigitScheme,
  digitScheme,
  displayToken,
  fingerprint,
  type GgufPrediction,
  isTokenizerFile,
  loadTokenizer,
  predictGguf,
  predictReference,
  predictServing,
  type ReferencePrediction,
  type ServingPrediction,
  type Tokenizer,
} from "@revocab/vocabulary";
import { isWeightFile, nameOf, readableTokenizer, tokensWithoutRow } from "./open-model.ts";

export interface Inspection {
  readonly name: string;
  /** Null for a tokenizer. */
  readonly model: ModelInspection | null;
  /** Null for a model folder without one. */
  readonly tokenizer: TokenizerInspection | null;
  /** Findings that a user should know before a swap. */
  readonly surprises: readonly string[];
  /** Only with the option `predictions`; null where there is no tokenizer, or the tokenizers library cannot run it, which is a surprise. */
  readonly predictions?: Predictions | null;
}

/** What other programs will make of a tokenizer, or of a model's rows. */
export interface Predictions {
  /** convert_hf_to_gguf.py of llama.cpp. */
  readonly gguf: GgufPrediction;
  /** AutoTokenizer of transformers. */
  readonly reference: ReferencePrediction;
  /** Programs that pad rows and divide them among devices. */
  readonly serving: ServingPrediction;
}

export interface ModelInspection {
  readonly modelType: string;
  /** The first of `architectures` in its config.json; null where there is none. */
  readonly architecture: string | null;
  readonly rows: number;
  /** Whether the head shares the input's rows, has its own, or does not exist. */
  readonly head: "tied" | "own" | "none";
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly tables: readonly {
    readonly slot: string;
    readonly tensors: readonly string[];
    readonly shape: readonly [number, number];
    readonly dtype: string;
  }[];
}

export interface TokenizerInspection {
  readonly family: string;
  readonly size: number;
  readonly fingerprint: string;
  readonly kinds: Readonly<Record<TokenKind, number>>;
  readonly specials: readonly {
    readonly id: number;
    readonly token: string;
    readonly roles: readonly string[];
  }[];
  /** Tokens that stand for the same bytes as a preferred one. */
  readonly duplicates: number;
  readonly hasChatTemplate: boolean;
  /** How it splits numbers. Only with the option `digits`; null where the tokenizers library cannot run it, which is a surprise. */
  readonly digits?: DigitScheme | null;
}

export interface InspectOptions extends OpenCheckpointOptions {
  /** Also find out how the tokenizer splits numbers, which runs it. @default false */
  readonly digits?: boolean;
  /** Also predict what other programs will make of it, which runs the tokenizer. @default false */
  readonly predictions?: boolean;
}

/**
 * Inspects a model folder or a tokenizer; reads headers and vocabularies only. A folder with a config.json and a tokenizer, but
 * without weights, counts as a tokenizer's.
 */
export async function inspectPath(path: string, options: InspectOptions = {}): Promise<Inspection> {
  const surprises: string[] = [];
  const names = await (options.weights ?? localFiles).list(path).catch((): readonly string[] => []); // no folder: a tokenizer's own file, or nothing
  const hasWeights = names.some(isWeightFile);
  const hasTokenizer = names.some(isTokenizerFile);
  const isInPart = names.some((name) => name.endsWith("_StaticEmbedding")); // the error says where
  const isModel = hasWeights || isInPart || (names.includes("config.json") && !hasTokenizer);
  const model = isModel ? await inspectModel(path, options, surprises) : null;
  const tokenizer = await loadTokenizer(path).catch((error: unknown) => {
    if (!model || !(error instanceof RevocabError) || error.code !== "missing_file") throw error;
    surprises.push("the folder has no tokenizer; a swap needs one");
    return undefined;
  });
  if (tokenizer) surprises.push(...tokenizer.notes);
  if (tokenizer && model) surprises.push(...sizeSurprises(tokenizer, model.rows, path));
  const digits = tokenizer &&
    options.digits && { digits: await unlessBroken(digitScheme(tokenizer), surprises) };
  const predictions = options.predictions && {
    predictions: tokenizer ? await unlessBroken(predict(path, { tokenizer, model, names }), surprises) : null,
  };
  return {
    name: nameOf(path).name,
    model,
    tokenizer: tokenizer ? { ...inspectTokenizer(tokenizer), ...digits } : null,
    surprises: showNotes(surprises),
    ...predictions,
  };
}

async function inspectModel(
  path: string,
  options: OpenCheckpointOptions,
  surprises: string[],
): Promise<ModelInspection> {
  const checkpoint = await openCheckpoint(path, options);
  await checkpoint.close(); // all below is from headers
  const { modelType, rows, tied, files, tables, headTensors, positionsFollowPad } = checkpoint;
  const outer = checkpoint.config.vocab_size;
  if (typeof outer === "number" && outer !== rows) {
    surprises.push(
      `the outer vocab_size of config.json is ${outer}, but the embeddings have ${rows} rows, as the config of the language model says`,
    );
  }
  if (headTensors.length > 0) {
    surprises.push(
      `the head is tied, yet stored as well (${headTensors.join(", ")}); both are rewritten alike`,
    );
  }
  if (positionsFollowPad) {
    surprises.push("positions depend on pad_token_id: the pad id must stay the same");
  }
  return {
    modelType,
    architecture: architectureOf(checkpoint.config),
    rows,
    head: tied ? "tied" : tables.some(({ slot }) => slot === "output") ? "own" : "none",
    files: files.map(({ name, bytes }) => ({ name, bytes })),
    tables: tables.map(({ slot, tensors, matrix }) => ({
      slot,
      tensors: tensors.map(({ entry }) => entry.name),
      shape: [matrix.rows, matrix.columns],
      dtype: matrix.dtype,
    })),
  };
}

/** The first of `architectures` in a config; null where there is none. */
export function architectureOf({ architectures }: Checkpoint["config"]): string | null {
  const first: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  return typeof first === "string" ? first : null;
}

function sizeSurprises(tokenizer: Tokenizer, rows: number, path: string): string[] {
  const { size } = tokenizer.vocabulary;
  if (rows > size) {
    return [
      `${rows - size} padding rows: the tokenizer ends at id ${size - 1}, the embeddings at ${rows - 1}`,
    ];
  }
  if (rows === size) return [];
  try {
    readableTokenizer(tokenizer, rows, path);
  } catch {
    return [
      `the tokenizer has ids up to ${size - 1}, but the embeddings have ${rows} rows: they do not belong together`,
    ];
  }
  const tokens = tokensWithoutRow(tokenizer, rows).map(
    (id) => `${id} ${displayToken(tokenizer.vocabulary, id)}`,
  );
  return [
    `${tokens.length} added tokens have no row, because the model was not resized: ${tokens.slice(0, 5).join(", ")}` +
      `${tokens.length > 5 ? ", …" : ""}; it cannot read them until an edit or a swap gives them rows`,
  ];
}

async function predict(
  path: string,
  {
    tokenizer,
    model,
    names,
  }: {
    readonly tokenizer: Tokenizer;
    readonly model: ModelInspection | null;
    /** Of the folder; none where `path` is a file. */
    readonly names: readonly string[];
  },
): Promise<Predictions> {
  const fileNames = names.length > 0 ? names : [basename(path)];
  return {
    gguf: await predictGguf({
      tokenizer,
      fileNames,
      architecture: model?.architecture ?? undefined,
      rows: model?.rows,
    }),
    reference: await predictReference(tokenizer, () => loadTokenizer(path, { reading: "file" })),
    serving: predictServing(model?.rows ?? tokenizer.vocabulary.size),
  };
}

/** Null, and a surprise, where the tokenizers library cannot run the tokenizer. */
async function unlessBroken<Found>(finding: Promise<Found>, surprises: string[]): Promise<Found | null> {
  try {
    return await finding;
  } catch (error) {
    if (!(error instanceof RevocabError) || error.code !== "bad_tokenizer") throw error;
    if (!surprises.includes(error.message)) surprises.push(error.message);
    return null;
  }
}

function inspectTokenizer({
  vocabulary,
  family,
  specialTokens,
  chatTemplates,
}: Tokenizer): TokenizerInspection {
  const kinds = { text: 0, byte: 0, special: 0, unused: 0 };
  let duplicates = 0;
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    kinds[kind]++;
    if ((kind === "text" || kind === "byte") && vocabulary.idsOf(vocabulary.bytesOf(id))[0] !== id)
      duplicates++;
  }
  return {
    family,
    size: vocabulary.size,
    fingerprint: fingerprint(vocabulary),
    kinds,
    specials: specialTokens,
    duplicates,
    hasChatTemplate: chatTemplates.size > 0,
  };
}
