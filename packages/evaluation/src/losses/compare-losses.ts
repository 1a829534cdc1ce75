import type { Vocabulary } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";
import { displayBytes } from "@revocab/vocabulary/internal";
import type { DocumentLosses } from "./document-losses.ts";

/** What the same text cost in two vocabularies, stretch by stretch. Plain data, fit for JSON. */
export interface LossComparison {
  /** UTF-8 bytes of the stretches that were compared. */
  readonly bytes: number;
  /** Documents that the two tokenizers do not write as the same bytes, such as one with an unknown token. */
  readonly documentsLeftOut: number;
  /** Every text between two places where both tokenizers begin a token; the one that became dearest first. */
  readonly stretches: readonly StretchLoss[];
  /** The single places that became dearest, at most 100 of them. */
  readonly places: readonly PlaceLoss[];
}

/** A piece of text that both tokenizers write in whole tokens, as short as there is. */
export interface StretchLoss {
  /** As `displayToken` shows a token. */
  readonly text: string;
  /** How often it was scored. */
  readonly count: number;
  readonly before: StretchBits;
  readonly after: StretchBits;
  /** Bits after, less bits before: above zero where it became dearer. */
  readonly difference: number;
}

export interface StretchBits {
  /** Σ −log2 P. */
  readonly bits: number;
  /** The tokens that write it where it stands first. */
  readonly tokens: readonly string[];
}

/** One place in the text. */
export interface PlaceLoss {
  /** The index of its document. */
  readonly document: number;
  /** What stands before it, the stretch itself, and what follows. */
  readonly context: readonly [string, string, string];
  /** Bits before the swap, and after it. */
  readonly before: number;
  readonly after: number;
}

/** The losses of a text in the tokens of a vocabulary. */
export interface LossesOf {
  readonly losses: readonly DocumentLosses[];
  readonly vocabulary: Vocabulary;
}

/**
 * Where a text costs more after a swap. Tokens of two vocabularies cannot be compared, but the bytes can that both write in whole tokens: the text is cut wherever
 * both tokenizers begin a token, and the bits of each stretch are summed in either. No bits are divided, so the sums are those of the scores.
 *
 *     before   | butterf·ly|,| flew|      after   | butterfly|,| fl·ew|      stretches " butterfly" "," " flew"
 *
 * Where the tokenizers change white space in different ways, as some SentencePiece models do, bytes other than white space are compared. A stretch
 * with a token that nothing predicted is left out.
 * @param before of the same documents in the same order as `after`
 */
export function compareLosses(before: LossesOf, after: LossesOf): LossComparison {
  const stretches = new Map<string, Stretch>();
  const places: Place[] = [];
  let bytes = 0;
  let documentsLeftOut = 0;
  for (const document of before.losses.keys()) {
    const pair = pairedReadings(before, after, document);
    if (pair === undefined) {
      documentsLeftOut++;
      continue;
    }
    for (const stretch of sharedStretches(...pair)) {
      const bits = [bitsIn(pair[0], stretch.before), bitsIn(pair[1], stretch.after)] as const;
      if (bits.some(Number.isNaN)) continue;
      const text = bytesIn(pair[1], stretch.after);
      bytes += text.length;
      addTo(stretches, text, pair, stretch, bits);
      places.push({ document, reading: pair[1], range: stretch.after, before: bits[0], after: bits[1] });
    }
  }
  return {
    bytes,
    documentsLeftOut,
    stretches: [...stretches.values()]
      .map((stretch) => ({ ...stretch, difference: stretch.after.bits - stretch.before.bits }))
      .sort((a, b) => b.difference - a.difference || (a.text < b.text ? -1 : 1)),
    places: places
      .filter((place) => place.after > place.before)
      .sort((a, b) => b.after - b.before - (a.after - a.before) || a.document - b.document)
      .slice(0, MOST_PLACES)
      .map(placeLoss),
  };
}

const MOST_PLACES = 100;

/** A document in the tokens of one vocabulary. */
interface Reading {
  readonly vocabulary: Vocabulary;
  readonly ids: Uint32Array;
  readonly bits: Float64Array;
  /** The bytes that are compared. */
  readonly text: Buffer;
  /** [tokens] where each begins in them; never falling. */
  readonly starts: readonly number[];
}

/** A document in both vocabularies; undefined where its bytes differ. */
function pairedReadings(before: LossesOf, after: LossesOf, document: number): [Reading, Reading] | undefined {
  for (const isCompared of [() => true, isNoWhiteSpace]) {
    const [left, right] = [read(before, document, isCompared), read(after, document, isCompared)];
    if (left.text.equals(right.text)) return [left, right];
  }
}

function isNoWhiteSpace(byte: number): boolean {
  return byte !== SPACE && !(byte >= 0x09 && byte <= 0x0d);
}

const SPACE = 0x20;

/** Spaces before the text do not count: some tokenizers put one there. */
function read(
  { losses, vocabulary }: LossesOf,
  document: number,
  isCompared: (byte: number) => boolean,
): Reading {
  const { ids, bits } = losses[document];
  const pieces = Array.from(ids, (id) => vocabulary.bytesOf(id).filter(isCompared));
  const whole = Buffer.concat(pieces);
  const first = whole.findIndex((byte) => byte !== SPACE);
  const lead = first < 0 ? whole.length : first;
  const starts: number[] = [];
  let position = -lead;
  for (const piece of pieces) {
    starts.push(Math.max(0, position));
    position += piece.length;
  }
  return { vocabulary, ids, bits, text: whole.subarray(lead), starts };
}

/** From the first token up to the last, which is not one of them. */
type Range = readonly [from: number, to: number];

/** The tokens of both readings between neighbouring places where both begin a token. */
function* sharedStretches(
  before: Reading,
  after: Reading,
): Generator<{ readonly before: Range; readonly after: Range }> {
  const startOf = ({ starts }: Reading, token: number) => starts[token] ?? Number.POSITIVE_INFINITY;
  let [left, right] = [0, 0];
  while (left < before.ids.length && right < after.ids.length) {
    const here = before.starts[left];
    let [nextLeft, nextRight] = [left + 1, right + 1];
    for (;;) {
      const [leftStart, rightStart] = [startOf(before, nextLeft), startOf(after, nextRight)];
      if (leftStart === rightStart && leftStart > here) break;
      if (leftStart <= rightStart) nextLeft++;
      else nextRight++;
    }
    yield { before: [left, nextLeft], after: [right, nextRight] };
    [left, right] = [nextLeft, nextRight];
  }
}

function bitsIn({ bits }: Reading, [from, to]: Range): number {
  return bits.subarray(from, to).reduce((sum, one) => sum + one, 0);
}

function bytesIn({ vocabulary, ids }: Reading, [from, to]: Range): Buffer {
  return Buffer.concat(Array.from(ids.subarray(from, to), (id) => vocabulary.bytesOf(id)));
}

function tokensIn({ vocabulary, ids }: Reading, [from, to]: Range): readonly string[] {
  return Array.from(ids.subarray(from, to), (id) => displayToken(vocabulary, id));
}

/** The sums of one text. */
interface Stretch {
  readonly text: string;
  count: number;
  readonly before: { bits: number; readonly tokens: readonly string[] };
  readonly after: { bits: number; readonly tokens: readonly string[] };
}

function addTo(
  stretches: Map<string, Stretch>,
  text: Buffer,
  [left, right]: readonly [Reading, Reading],
  ranges: { readonly before: Range; readonly after: Range },
  [before, after]: readonly [number, number],
): void {
  const key = text.toString("latin1");
  const found = stretches.get(key);
  if (found === undefined) {
    stretches.set(key, {
      text: displayBytes(text),
      count: 1,
      before: { bits: before, tokens: tokensIn(left, ranges.before) },
      after: { bits: after, tokens: tokensIn(right, ranges.after) },
    });
    return;
  }
  found.count++;
  found.before.bits += before;
  found.after.bits += after;
}

interface Place {
  readonly document: number;
  readonly reading: Reading;
  readonly range: Range;
  readonly before: number;
  readonly after: number;
}

function placeLoss({ document, reading, range: [from, to], before, after }: Place): PlaceLoss {
  const parts: readonly Range[] = [
    [Math.max(0, from - CONTEXT_TOKENS), from],
    [from, to],
    [to, Math.min(reading.ids.length, to + CONTEXT_TOKENS)],
  ];
  const [left = "", middle = "", right = ""] = parts.map((part) => displayBytes(bytesIn(reading, part)));
  return { document, context: [left, middle, right], before, after };
}

const CONTEXT_TOKENS = 8;
