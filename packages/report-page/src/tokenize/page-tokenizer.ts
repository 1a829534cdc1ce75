import { type Normalizer, SequenceNormalizer, Tokenizer, Unigram } from "@huggingface/tokenizers";
import { byteToken } from "@revocab/vocabulary/internal";
import {
  BertNormalizer,
  type BertSettings,
  CharsmapNormalizer,
  type CharsmapSettings,
} from "./normalizers.ts";

/** Encodes texts in a browser. */
export interface PageTokenizer {
  /**
   * The ids of a text, without special tokens around it.
   * @throws Error for a text with characters that have no token, if there is no unknown token either
   */
  encode(text: string): number[];
}

/**
 * The tokenizer of a tokenizer.json by Hugging Face's JavaScript library, with components replaced that it only approximates. It can
 * still depart from the Rust library, so what it gives must be compared before it is shown.
 * @throws Error for a component that the library does not know
 */
export function pageTokenizer(document: object): PageTokenizer {
  const { normalizer, pre_tokenizer, ...rest }: TokenizerDocument = { ...ABSENT, ...document };
  const tokenizer = new Tokenizer(
    { ...rest, normalizer: equivalent(normalizer), pre_tokenizer: equivalent(pre_tokenizer) },
    {},
  );
  tokenizer.normalizer = tokenizer.normalizer && exactNormalizer(tokenizer.normalizer);
  spellUnknownInBytes(tokenizer.model!);
  return {
    encode(text) {
      const { ids } = tokenizer.encode(wellFormed(text), { add_special_tokens: false });
      if (ids.some((id) => !Number.isInteger(id))) throw new Error("a character has no token");
      return ids;
    },
  };
}

interface TokenizerDocument {
  readonly normalizer: Component | null;
  readonly pre_tokenizer: Component | null;
}

interface Component {
  readonly type: string;
  readonly normalizers?: readonly Component[];
  readonly pretokenizers?: readonly Component[];
  readonly prepend?: string;
}

/** The JavaScript library expects these fields. */
const ABSENT = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};

/** A component that means the same, written in those that the JavaScript library runs as the Rust library does. */
function equivalent(component: Component | null): object | null {
  switch (component?.type) {
    case "Sequence":
      return {
        ...component,
        normalizers: component.normalizers?.map(equivalent),
        pretokenizers: component.pretokenizers?.map(equivalent),
      };
    case "WhitespaceSplit":
      // JavaScript's \s has U+FEFF and lacks U+0085; that of patterns is translated
      return { type: "Split", pattern: { Regex: "\\s+" }, behavior: "Removed", invert: false };
    case "Prepend":
      // nothing is put before a text that is empty
      return { type: "Replace", pattern: { Regex: "\\A(?=[\\s\\S])" }, content: component.prepend };
    default:
      return component;
  }
}

function exactNormalizer(normalizer: Normalizer): Normalizer {
  const { type } = normalizer.config;
  if (type === "Precompiled") return new CharsmapNormalizer(normalizer.config as unknown as CharsmapSettings);
  if (type === "BertNormalizer") return new BertNormalizer(normalizer.config as BertSettings);
  if (normalizer instanceof SequenceNormalizer) {
    normalizer.normalizers = normalizer.normalizers.map((part) => part && exactNormalizer(part));
  }
  return normalizer;
}

/** Byte fallback of a Unigram, which the JavaScript library leaves out: an unknown character becomes the tokens of its bytes. */
function spellUnknownInBytes(model: NonNullable<Tokenizer["model"]>): void {
  if (!(model instanceof Unigram) || (model.config as { byte_fallback?: boolean }).byte_fallback !== true)
    return;
  const { tokens_to_ids: ids } = model;
  const encode = model.encode.bind(model);
  const inBytes = (piece: string): string[] => {
    if (ids.has(piece)) return [piece];
    const bytes = Array.from(ENCODER.encode(piece), byteToken);
    return bytes.every((token) => ids.has(token)) ? bytes : [piece];
  };
  model.encode = (words) => encode(words).flatMap(inBytes);
}

/** Lone surrogates as U+FFFD, which is what the Rust library gets. */
function wellFormed(text: string): string {
  return DECODER.decode(ENCODER.encode(text));
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
