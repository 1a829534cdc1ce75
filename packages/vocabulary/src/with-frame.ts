import { quote, RevocabError, type TokenId } from "@revocab/core";
import { BARE_FRAME, type FrameItem, type TextFrame } from "./text-frame.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { tokenizerFromFiles } from "./tokenizer-from-files.ts";
import { type ComponentDocument, documentOf } from "./tokenizer-json/tokenizer-document.ts";
import { components } from "./tokenizer-json/tokenizer-json.ts";

/**
 * The tokenizer with another frame around its texts. The post-processor is replaced, but for the part that trims the offsets
 * of byte-level words.
 * @throws RevocabError `bad_options` for a frame with a token that the tokenizer does not have
 */
export function withFrame(tokenizer: Tokenizer, frame: TextFrame): Tokenizer {
  const document = documentOf(tokenizer);
  const kept = components(document.post_processor ?? undefined).flatMap(offsetsOf);
  const template = isBare(frame) ? [] : [templateOf(frame, tokenizer)];
  const parts = [...kept, ...template];
  const postProcessor = parts.length > 1 ? { type: "Sequence", processors: parts } : (parts[0] ?? null);
  const files = new Map(tokenizer.files);
  files.set(
    "tokenizer.json",
    new TextEncoder().encode(JSON.stringify({ ...document, post_processor: postProcessor })),
  );
  return tokenizerFromFiles(files, tokenizer.origin, { className: tokenizer.reference.className });
}

/** RobertaProcessing is a frame that also trims offsets, as ByteLevel does. */
function offsetsOf({ type, ...fields }: ComponentDocument): ComponentDocument[] {
  if (type === "ByteLevel") return [{ type, ...fields }];
  if (type !== "RobertaProcessing" || fields.trim_offsets !== true) return [];
  return [
    {
      type: "ByteLevel",
      add_prefix_space: fields.add_prefix_space === true,
      trim_offsets: true,
      use_regex: true,
    },
  ];
}

function isBare({ single, pair }: TextFrame): boolean {
  return JSON.stringify([single, pair]) === JSON.stringify([BARE_FRAME.single, BARE_FRAME.pair]);
}

function templateOf({ single, pair }: TextFrame, { vocabulary, origin }: Tokenizer): ComponentDocument {
  const idOf = (token: string): TokenId => {
    const id = vocabulary.idOfSpecial(token);
    if (id !== undefined) return id;
    throw new RevocabError("bad_options", `${origin} has no special token ${quote(token)}`, {
      hint: "add it to the tokenizer first",
    });
  };
  const tokens = new Set([...single, ...pair].flatMap((item) => (item.kind === "special" ? item.token : [])));
  return {
    type: "TemplateProcessing",
    single: single.map(itemOf),
    pair: pair.map(itemOf),
    special_tokens: Object.fromEntries(
      [...tokens].map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
    ),
  };
}

function itemOf(item: FrameItem) {
  return item.kind === "text"
    ? { Sequence: { id: item.text, type_id: item.typeId } }
    : { SpecialToken: { id: item.token, type_id: item.typeId } };
}
