import {
  type Job,
  mapAhead,
  RevocabError,
  type TokenId,
  throwIfAborted,
  type Vocabulary,
} from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";

/**
 * Where tokens may be joined:
 * - `pretoken`: within what the tokenizer's pre-tokenizer keeps together; where pieces mark spaces, up to the next space;
 * - `word`: within a word and the white space before it, punctuation included;
 * - `none`: anywhere in a document.
 */
export const BOUNDARIES = ["pretoken", "word", "none"] as const;
export type Boundaries = (typeof BOUNDARIES)[number];

/** A text in tokens, and where these may be joined: within segments, never across. */
export interface SegmentedText {
  readonly ids: Uint32Array;
  /** [ids] 1 for the first token of a segment. */
  readonly starts: Uint8Array;
}

/** The part of a tokenizer that writes a text in segments. */
export type SegmentingTokenizer = Pick<Tokenizer, "vocabulary" | "family" | "encode" | "encodeWords">;

/**
 * A text in the tokens of its tokenizer, without special tokens around it. Specials, and whatever else stands for no bytes of a
 * text, are segments of their own.
 * @throws RevocabError `bad_options` for boundaries that do not exist; what `encode` throws
 */
export async function segmentText(
  tokenizer: SegmentingTokenizer,
  text: string,
  boundaries: Boundaries,
): Promise<SegmentedText> {
  const { vocabulary } = tokenizer;
  const { ids, starts } = await segment(tokenizer, text, boundaries);
  // `encode` says of a token without a row which one it is
  if (ids.some((id) => id >= vocabulary.size)) await tokenizer.encode(text);
  for (const [place, id] of ids.entries()) {
    if (isJoinable(vocabulary, id)) continue;
    starts[place] = 1;
    if (place + 1 < ids.length) starts[place + 1] = 1;
  }
  return { ids, starts };
}

/** {@link segmentText} of many texts. @throws RevocabError `aborted` */
export async function segmentTexts(
  tokenizer: SegmentingTokenizer,
  texts: readonly string[],
  boundaries: Boundaries,
  job?: Job,
): Promise<SegmentedText[]> {
  const segmented: SegmentedText[] = [];
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for await (const [, each] of mapAhead(texts, (text) => segmentText(tokenizer, text, boundaries))) {
    throwIfAborted(job?.abortSignal);
    done += sizes[segmented.length];
    segmented.push(each);
    job?.onProgress?.({ type: "progress", step: "tokenize", done, total, unit: "bytes" });
  }
  return segmented;
}

function segment(
  tokenizer: SegmentingTokenizer,
  text: string,
  boundaries: Boundaries,
): Promise<SegmentedText> {
  switch (boundaries) {
    case "pretoken":
      return pretokens(tokenizer, text);
    case "word":
      return words(tokenizer, text);
    case "none":
      return whole(tokenizer, text);
    default:
      throw new RevocabError(
        "bad_options",
        `\`boundaries\` is "${String(boundaries)}", expected ${BOUNDARIES.join(", ")}`,
      );
  }
}

async function pretokens(tokenizer: SegmentingTokenizer, text: string): Promise<SegmentedText> {
  const found = await tokenizer.encodeWords(text);
  const ids = new Uint32Array(found.reduce((sum, { length }) => sum + length, 0));
  const starts = new Uint8Array(ids.length);
  let at = 0;
  for (const word of found) {
    ids.set(word, at);
    if (word.length > 0) starts[at] = 1;
    at += word.length;
  }
  if (tokenizer.family === "sentencepiece-bpe" || tokenizer.family === "unigram") {
    for (const [place, id] of ids.entries()) {
      if (tokenizer.vocabulary.bytesOf(id)[0] === SPACE) starts[place] = 1;
    }
  }
  return { ids, starts };
}

const SPACE = 0x20;

/** A token that reaches from one word into the next is a segment of its own. */
async function words(tokenizer: SegmentingTokenizer, text: string): Promise<SegmentedText> {
  const ids = await tokenizer.encode(text);
  const starts = new Uint8Array(ids.length);
  const offsets = new Float64Array(ids.length + 1);
  const parts: Uint8Array[] = [];
  for (const [place, id] of ids.entries()) {
    const bytes = tokenizer.vocabulary.bytesOf(id);
    parts.push(bytes);
    offsets[place + 1] = offsets[place] + bytes.length;
  }
  let place = 0;
  for (const { index } of Buffer.concat(parts).toString("latin1").matchAll(WORD)) {
    while (place < ids.length && offsets[place + 1] <= index) place++;
    if (place === ids.length) break;
    starts[place] = 1;
    const reachesIn = offsets[place] < index;
    if (reachesIn && place + 1 < ids.length) starts[place + 1] = 1;
  }
  return { ids, starts };
}

/** A character of white space in UTF-8, a byte a character. */
const WHITE_SPACE =
  "(?:[\\t-\\r ]|\\xc2[\\x85\\xa0]|\\xe1\\x9a\\x80|\\xe2\\x80[\\x80-\\x8a\\xa8\\xa9\\xaf]|\\xe2\\x81\\x9f|\\xe3\\x80\\x80)";
const WORD = new RegExp(`${WHITE_SPACE}*(?:(?!${WHITE_SPACE})[^])+|${WHITE_SPACE}+`, "g");

async function whole({ encode }: SegmentingTokenizer, text: string): Promise<SegmentedText> {
  const ids = await encode(text);
  const starts = new Uint8Array(ids.length);
  if (starts.length > 0) starts[0] = 1;
  return { ids, starts };
}

function isJoinable(vocabulary: Vocabulary, id: TokenId): boolean {
  const kind = vocabulary.kindOf(id);
  return (kind === "text" || kind === "byte") && vocabulary.bytesOf(id).length > 0;
}
