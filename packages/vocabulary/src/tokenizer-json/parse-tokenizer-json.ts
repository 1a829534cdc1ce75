import { RevocabError, type TokenId } from "@revocab/core";
import { badTokenizer } from "./bad-tokenizer.ts";
import { type Outline, outline } from "./outline.ts";
import { parseJson } from "./parse-json.ts";
import { pinAddedIds } from "./pin-added-ids.ts";
import { readMerges } from "./read-merges.ts";
import { readPieces, readScoredPieces } from "./read-pieces.ts";
import type { TokenizerJson } from "./tokenizer-json.ts";

/**
 * Checks a tokenizer.json and takes it apart. Files of before 2021 have no `model.type`; merges may be strings or pairs.
 * @throws RevocabError `bad_tokenizer` for a file that is no tokenizer or contradicts itself,
 *   `unsupported_tokenizer` for a model type that this package does not know
 */
export function parseTokenizerJson(bytes: Uint8Array, origin: string): TokenizerJson {
  const document = parseJson(bytes, origin);
  const checked = outline.safeParse(document);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const place = issue.path.length === 0 ? "the file" : issue.path.join(".");
    throw badTokenizer(origin, `is no tokenizer: ${place}: ${issue.message}`, {
      hint: "expected a tokenizer.json of the tokenizers library, with a model that has a vocab",
    });
  }
  const { data } = checked;
  const { pieces, idOfPiece, model } = readModel(data.model, origin);
  const added = data.added_tokens ?? [];
  requireOwnIds(added, pieces, idOfPiece, origin);
  const pinned = pinAddedIds(document, bytes, { added, idOfPiece, model }, origin);
  return {
    model,
    pieces,
    idOfPiece,
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
  origin: string,
): Pick<TokenizerJson, "pieces" | "idOfPiece" | "model"> {
  const unkToken = model.unk_token ?? undefined;
  const continuingPrefix = model.continuing_subword_prefix ?? "";
  const type = typeOf(model);
  switch (type) {
    case "BPE": {
      const { pieces, idOfPiece } = readPieces(model.vocab, origin);
      return {
        pieces,
        idOfPiece,
        model: {
          type: "BPE",
          unkToken,
          continuingPrefix,
          endSuffix: model.end_of_word_suffix ?? "",
          hasByteFallback: model.byte_fallback === true,
          ignoresMerges: model.ignore_merges === true,
          merges: readMerges(model.merges, idOfPiece, continuingPrefix, origin),
        },
      };
    }
    case "Unigram": {
      const { pieces, idOfPiece, scores } = readScoredPieces(model.vocab, origin);
      const unkId = model.unk_id ?? undefined;
      if (unkId !== undefined && unkId >= pieces.length) {
        throw badTokenizer(
          origin,
          `model.unk_id is ${unkId}, expected less than the ${pieces.length} pieces`,
        );
      }
      return {
        pieces,
        idOfPiece,
        model: { type: "Unigram", unkId, hasByteFallback: model.byte_fallback === true, scores },
      };
    }
    case "WordPiece": {
      const prefix = model.continuing_subword_prefix ?? "##";
      return {
        ...readPieces(model.vocab, origin),
        model: { type: "WordPiece", unkToken, continuingPrefix: prefix },
      };
    }
    case "WordLevel":
      return { ...readPieces(model.vocab, origin), model: { type: "WordLevel", unkToken } };
    default:
      throw new RevocabError(
        "unsupported_tokenizer",
        `${origin}: found model type ${JSON.stringify(type)}, expected BPE, Unigram, WordPiece or WordLevel`,
        { hint: "convert the tokenizer to one of these with the tokenizers library" },
      );
  }
}

function typeOf(model: Outline["model"]): string {
  if (typeof model.type === "string") return model.type;
  if (Array.isArray(model.vocab)) return "Unigram";
  if (model.merges !== undefined) return "BPE";
  return typeof model.max_input_chars_per_word === "number" ? "WordPiece" : "WordLevel";
}

/** No id may have two tokens, and no token two ids. */
function requireOwnIds(
  added: TokenizerJson["added"],
  pieces: TokenizerJson["pieces"],
  idOfPiece: ReadonlyMap<string, TokenId>,
  origin: string,
): void {
  const contentOf = new Map<TokenId, string>();
  const idOfAdded = new Map<string, TokenId>();
  for (const { id, content } of added) {
    const otherId = idOfPiece.get(content) ?? idOfAdded.get(content) ?? id;
    if (otherId !== id) {
      throw badTokenizer(
        origin,
        `the added token ${JSON.stringify(content)} has id ${id} and id ${otherId}, expected one id per token`,
      );
    }
    idOfAdded.set(content, id);
    const holder = contentOf.get(id) ?? pieces[id];
    if (holder !== undefined && holder !== content) {
      throw badTokenizer(
        origin,
        `id ${id} belongs to both ${JSON.stringify(holder)} and the added token ${JSON.stringify(content)}, expected one token per id`,
      );
    }
    contentOf.set(id, content);
  }
}
