import { quote, RevocabError, showMessage, type TokenId } from "@revocab/core";
import { z } from "zod";
import { badTokenizer, MAX_TOKENS, parseJson } from "./json-file.ts";
import { type Place, readPieces, readScoredPieces } from "./pieces.ts";
import { readMerges } from "./read-merges.ts";
import { type SplitDocument, splitDocument } from "./split-document.ts";
import { type ComponentJson, components, type TokenizerJson } from "./tokenizer-json.ts";

/**
 * Checks and parses a tokenizer.json. Files from before 2021 have no `model.type`; merges may be strings or pairs.
 * @throws RevocabError `bad_tokenizer` for a file that is no tokenizer or contradicts itself,
 *   `unsupported_tokenizer` for an unknown model type
 */
export function parseTokenizerJson(bytes: Uint8Array, origin: string): TokenizerJson {
  return finishTokenizerJson(openTokenizerJson(bytes, origin), origin);
}

/** A checked tokenizer.json, before the ids of its added tokens are pinned. */
export interface OpenTokenizerJson extends Pick<SplitDocument, "vocabAt" | "mergesAt"> {
  readonly bytes: Uint8Array;
  /** The file without `model.vocab` and `model.merges`. */
  readonly data: Outline;
  readonly pieces: TokenizerJson["pieces"];
  readonly model: TokenizerJson["model"];
}

export function openTokenizerJson(bytes: Uint8Array, origin: string): OpenTokenizerJson {
  const { document, vocabAt, mergesAt } = splitDocument(bytes, origin);
  const checked = outline.safeParse(document);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const place = issue.path.length === 0 ? "the file" : issue.path.join(".");
    throw badTokenizer(origin, `is no tokenizer: ${place}: ${showMessage(issue.message)}`, {
      hint: "expected a tokenizer.json of the tokenizers library, with a model that has a vocab",
    });
  }
  const { data } = checked;
  checkComponents(data, origin);
  const { pieces, model } = readModel(data.model, {
    vocab: { bytes, at: vocabAt, origin },
    merges: { bytes, at: mergesAt, origin },
  });
  requireOwnIds(data.added_tokens ?? [], pieces, origin);
  return { bytes, data, pieces, model, vocabAt, mergesAt };
}

export function finishTokenizerJson(
  { bytes, data, pieces, model }: OpenTokenizerJson,
  origin: string,
): TokenizerJson {
  const added = data.added_tokens ?? [];
  const pinned = pinAddedIds(bytes, { added, pieces, model }, origin);
  return {
    model,
    pieces,
    added,
    normalizer: data.normalizer ?? undefined,
    preTokenizer: data.pre_tokenizer ?? undefined,
    postProcessor: data.post_processor ?? undefined,
    decoder: data.decoder ?? undefined,
    bytes: pinned.bytes,
    notes: [
      ...pinned.notes,
      ...(data.model.dropout
        ? [`BPE dropout ${data.model.dropout}: encoding is random; spelling is not`]
        : []),
    ],
  };
}

function readModel(
  model: Outline["model"],
  { vocab, merges }: { readonly vocab: Place; readonly merges: Place },
): Pick<TokenizerJson, "pieces" | "model"> {
  const unkToken = model.unk_token ?? undefined;
  const continuingPrefix = model.continuing_subword_prefix ?? "";
  const hasByteFallback = model.byte_fallback === true;
  const { origin } = vocab;
  const type = typeOf(model, vocab, merges);
  switch (type) {
    case "BPE": {
      const pieces = readPieces(vocab);
      return {
        pieces,
        model: {
          type: "BPE",
          unkToken,
          continuingPrefix,
          endSuffix: model.end_of_word_suffix ?? "",
          hasByteFallback,
          ignoresMerges: model.ignore_merges === true,
          merges: readMerges(merges, pieces, continuingPrefix),
        },
      };
    }
    case "Unigram": {
      const { pieces, scores } = readScoredPieces(vocab);
      const unkId = model.unk_id ?? undefined;
      if (unkId !== undefined && unkId >= pieces.size) {
        throw badTokenizer(origin, `model.unk_id is ${unkId}, expected less than the ${pieces.size} pieces`);
      }
      return { pieces, model: { type: "Unigram", unkId, hasByteFallback, scores } };
    }
    case "WordPiece": {
      const prefix = model.continuing_subword_prefix ?? "##";
      return { pieces: readPieces(vocab), model: { type: "WordPiece", unkToken, continuingPrefix: prefix } };
    }
    case "WordLevel":
      return { pieces: readPieces(vocab), model: { type: "WordLevel", unkToken } };
    default:
      throw new RevocabError(
        "unsupported_tokenizer",
        `${origin}: found model type ${quote(type)}, expected BPE, Unigram, WordPiece or WordLevel`,
        { hint: "convert the tokenizer to one of these with the tokenizers library" },
      );
  }
}

/** Files from before 2021 have no type: a list of pieces is a Unigram, merges mean BPE. */
function typeOf(model: Outline["model"], vocab: Place, merges: Place): string {
  if (typeof model.type === "string") return model.type;
  if (vocab.at !== undefined && vocab.bytes[vocab.at] === OPEN_LIST) return "Unigram";
  if (merges.at !== undefined) return "BPE";
  return typeof model.max_input_chars_per_word === "number" ? "WordPiece" : "WordLevel";
}

const OPEN_LIST = 0x5b;

/** No id may have two tokens, and no token two ids. */
function requireOwnIds(added: TokenizerJson["added"], pieces: TokenizerJson["pieces"], origin: string): void {
  const contentOf = new Map<TokenId, string>();
  const idOfAdded = new Map<string, TokenId>();
  for (const { id, content } of added) {
    const otherId = pieces.idOf(content) ?? idOfAdded.get(content) ?? id;
    if (otherId !== id) {
      throw badTokenizer(
        origin,
        `the added token ${quote(content)} has id ${id} and id ${otherId}, expected one id per token`,
      );
    }
    idOfAdded.set(content, id);
    const holder = contentOf.get(id) ?? pieces.at(id);
    if (holder !== undefined && holder !== content) {
      throw badTokenizer(
        origin,
        `id ${id} belongs to both ${quote(holder)} and the added token ${quote(content)}, expected one token per id`,
      );
    }
    contentOf.set(id, content);
  }
}

const tokenId = z.int().min(0).lt(MAX_TOKENS);
const component = z.looseObject({ type: z.string() }).nullish();

/** The shape of tokenizer.json without its big lists. These are checked by hand, as zod takes 1 µs per field. */
const outline = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id: tokenId,
        content: z.string().min(1),
        special: z.boolean().default(false),
        single_word: z.boolean().nullish(),
        lstrip: z.boolean().nullish(),
        rstrip: z.boolean().nullish(),
      }),
    )
    .max(MAX_TOKENS)
    .nullish(),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: z.looseObject({
    type: z.string().nullish(),
    unk_token: z.string().nullish(),
    unk_id: z.int().min(0).lt(MAX_TOKENS).nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    max_input_chars_per_word: z.number().nullish(),
    dropout: z.number().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
  }),
});

type Outline = z.infer<typeof outline>;

type Parts = Pick<Outline, "normalizer" | "pre_tokenizer" | "decoder">;

/**
 * Refuses components that crash the tokenizers library: words of no characters, and the search for an empty text, which
 * matches everywhere.
 */
function checkComponents(parts: Parts, origin: string): void {
  for (const place of ["normalizer", "pre_tokenizer", "decoder"] as const) {
    for (const component of components(parts[place] ?? undefined)) {
      const problem = problemOf(component);
      if (problem !== undefined) throw badTokenizer(origin, `${place}: ${component.type} ${problem}`);
    }
  }
}

function problemOf({ type, length, pattern }: ComponentJson): string | undefined {
  if (type === "FixedLength" && length === 0) {
    return "cuts words of 0 characters, expected a length of at least 1";
  }
  if ((type === "Replace" || type === "Split") && isEmpty(pattern)) {
    return "searches for an empty pattern, expected one that matches some text";
  }
  return undefined;
}

function isEmpty(pattern: unknown): boolean {
  if (typeof pattern !== "object" || pattern === null) return pattern === "";
  return Object.values(pattern).includes("");
}

/**
 * Makes the tokenizers library use the ids of added tokens that the file gives. The library ignores them: it numbers the
 * added tokens that the model lacks one after the other, from the *count* of the model's pieces on. If that gives other ids
 * (holes, another order), the tokens are moved into `model.vocab`, whose ids the library keeps.
 */
function pinAddedIds(
  bytes: Uint8Array,
  { added, pieces, model }: Pick<TokenizerJson, "added" | "pieces" | "model">,
  origin: string,
): { readonly bytes: Uint8Array; readonly notes: readonly string[] } {
  const beyond = added.filter(({ content }) => pieces.idOf(content) === undefined);
  const moved = beyond.find(({ id }, place) => id !== pieces.count + place);
  if (moved === undefined) return { bytes, notes: [] };
  const libraryId = pieces.count + beyond.indexOf(moved);
  if (model.type === "Unigram") {
    throw badTokenizer(
      origin,
      `added token ${quote(moved.content)} has id ${moved.id}, but the tokenizers library numbers it ${libraryId}`,
      { hint: `number the added tokens from ${pieces.count} on, in the order of added_tokens` },
    );
  }
  const { model: modelDocument, ...rest } = parseJson(bytes, origin) as {
    model: { vocab: Record<string, number> };
  };
  const vocab = { ...modelDocument.vocab };
  for (const { content, id } of beyond) vocab[content] = id;
  return {
    bytes: new TextEncoder().encode(JSON.stringify({ ...rest, model: { ...modelDocument, vocab } })),
    notes: [
      `${beyond.length} added tokens were moved into model.vocab: the tokenizers library would have numbered ${quote(moved.content)} ${libraryId}, not ${moved.id}`,
    ],
  };
}
