import { isUtf8 } from "node:buffer";
import { showLine, type TokenId, type Vocabulary } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";
import type { Evaluation } from "../evaluate-text.ts";
import type { DocumentLosses } from "./document-losses.ts";

/** What the tokens of a text cost a model. Plain data, fit for JSON. */
export interface LossByToken {
  /** Σ −log2 P of the scored tokens. */
  readonly bits: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
  /** By the convention of the evaluation, so of a masked model an estimate; null where no token was scored. */
  readonly bitsPerByte: number | null;
  readonly scoredTokens: number;
  /** How many different ones these are. */
  readonly differentTokens: number;
  /** Every token that was scored at least once; the largest sum of bits first, of equal sums the lower id first. */
  readonly tokens: readonly TokenLoss[];
  /** The same tokens by what they are; the largest sum of bits first. */
  readonly groups: readonly GroupLoss[];
  /** In the order of the text. */
  readonly documents: readonly DocumentLoss[];
}

/** What some of the scored tokens cost. */
export interface Loss {
  /** How often they were scored. */
  readonly count: number;
  /** Σ −log2 P. */
  readonly bits: number;
  /** Bits of one. */
  readonly mean: number;
  /** Of all bits, 0 … 1. */
  readonly share: number;
}

export interface TokenLoss extends Loss {
  readonly id: TokenId;
  /** As `displayToken` shows it. */
  readonly token: string;
}

export interface GroupLoss extends Loss {
  readonly group: TokenGroup;
  /** Of all scored tokens, 0 … 1. Where it is below `share`, these tokens cost more than others. */
  readonly shareOfTokens: number;
}

/**
 * What a token is, by its bytes alone:
 * - `word`: letters after white space;
 * - `letters`: letters without white space before them, such as the end of a word;
 * - `digits`, `signs`, `white space`;
 * - `bytes`: no whole characters;
 * - `special`: a control token, the unknown token too.
 */
export type TokenGroup = "word" | "letters" | "digits" | "signs" | "white space" | "bytes" | "special";

export interface DocumentLoss {
  /** Its first 60 characters, on one line. */
  readonly begins: string;
  /** UTF-8 bytes. */
  readonly bytes: number;
  readonly tokens: number;
  readonly scoredTokens: number;
  /** Σ −log2 P of the scored tokens. */
  readonly bits: number;
  /** By the convention of the evaluation; null where none of its tokens was scored. */
  readonly bitsPerByte: number | null;
}

export interface LossByTokenOptions {
  readonly losses: readonly DocumentLosses[];
  /** The texts that were scored. */
  readonly documents: readonly string[];
  readonly vocabulary: Vocabulary;
  /** Of the evaluation: of a masked model the bits of a document are estimated from those of its sampled tokens. */
  readonly kind: Evaluation["kind"];
}

/** Sums what was paid for each token of the vocabulary, for kinds of tokens and for each document. */
export function lossByToken({ losses, documents, vocabulary, kind }: LossByTokenOptions): LossByToken {
  const tokens = new Map<TokenId, Sum>();
  const groups = new Map<TokenGroup, Sum>();
  const whole = { count: 0, bits: 0 };
  for (const { ids, bits } of losses) {
    for (const [position, id] of ids.entries()) {
      if (Number.isNaN(bits[position])) continue;
      add(sumOf(tokens, id), bits[position]);
      add(whole, bits[position]);
    }
  }
  for (const [id, { count, bits }] of tokens) {
    const group = sumOf(groups, groupOf(vocabulary, id));
    group.count += count;
    group.bits += bits;
  }
  const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  const written = losses.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    bits: whole.bits,
    bytes,
    bitsPerByte: perByte(whole, written, bytes, kind),
    scoredTokens: whole.count,
    differentTokens: tokens.size,
    tokens: [...tokens]
      .map(([id, sum]) => ({ id, token: displayToken(vocabulary, id), ...lossOf(sum, whole) }))
      .sort((a, b) => b.bits - a.bits || a.id - b.id),
    groups: [...groups]
      .map(([group, sum]) => ({ group, ...lossOf(sum, whole), shareOfTokens: sum.count / whole.count }))
      .sort((a, b) => b.bits - a.bits),
    documents: losses.map((document, index) => documentLoss(document, documents[index], kind)),
  };
}

interface Sum {
  count: number;
  bits: number;
}

function sumOf<Key>(sums: Map<Key, Sum>, key: Key): Sum {
  const sum = sums.get(key) ?? { count: 0, bits: 0 };
  sums.set(key, sum);
  return sum;
}

function add(sum: Sum, bits: number): void {
  sum.count++;
  sum.bits += bits;
}

function lossOf({ count, bits }: Sum, whole: Sum): Loss {
  return { count, bits, mean: bits / count, share: whole.bits === 0 ? 0 : bits / whole.bits };
}

function groupOf(vocabulary: Vocabulary, id: TokenId): TokenGroup {
  if (vocabulary.kindOf(id) === "special") return "special";
  const bytes = vocabulary.bytesOf(id);
  if (!isUtf8(bytes)) return "bytes";
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (text.trim() === "") return "white space";
  if (/\p{Letter}/u.test(text)) return /^\s/u.test(text) ? "word" : "letters";
  return /\p{Number}/u.test(text) ? "digits" : "signs";
}

function documentLoss({ ids, bits: all }: DocumentLosses, document: string, kind: Evaluation["kind"]) {
  const scored = all.filter((bits) => !Number.isNaN(bits));
  const bits = scored.reduce((sum, one) => sum + one, 0);
  const bytes = Buffer.byteLength(document);
  return {
    begins: showLine(document, LONGEST_BEGINNING),
    bytes,
    tokens: ids.length,
    scoredTokens: scored.length,
    bits,
    bitsPerByte: perByte({ count: scored.length, bits }, ids.length, bytes, kind),
  };
}

/** @param written the tokens of a text, of which `scored.count` were scored */
function perByte(scored: Sum, written: number, bytes: number, kind: Evaluation["kind"]): number | null {
  if (scored.count === 0) return null;
  const estimate = kind === "bits-per-byte" ? scored.bits : (scored.bits / scored.count) * written;
  return estimate / bytes;
}

const LONGEST_BEGINNING = 60;
