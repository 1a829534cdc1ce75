import type { TokenId } from "@revocab/core";
import {
  type CoverState,
  goesOn,
  type OpenText,
  placesEnding,
  type Range,
  RECENT,
  type ReadingContext,
  type TokenPath,
  textTokensOf,
  tokensFrom,
} from "@revocab/evaluation/internal";

/** The next value after a text: one of 256 bytes, or its end. */
export const NEXT_VALUES = 257;
/** The value that stands for the end of the text. */
export const END = 256;

/** A sequence of tokens that stands for the first `offset` bytes of a text that grows, and what the model says after it. */
export interface Cover extends TokenPath {
  readonly parent: Cover | undefined;
  readonly children: readonly Cover[];
}

/** What is known of the next byte while some covers are not read. Shares are of the text so far, up to a common factor. */
export interface KnownBytes {
  /** [257] from the covers that are read. */
  readonly shares: Float64Array;
  /** Covers without a reading whose parents have one; a share is that of all sequences that begin with the cover. */
  readonly unread: readonly { readonly cover: Cover; readonly share: number }[];
}

/**
 * The covers of a text that grows byte by byte: those that a token reaches past the end from, and those between them and
 * their last common ancestor. BPE has one new cover for every byte at most, and most end with the word.
 */
export interface GrowingCovers {
  /** The common ancestor of all covers; undefined when no sequence of tokens is left. */
  readonly stem: Cover | undefined;
  /** All covers, parents first. */
  covers(): readonly Cover[];
  known(): KnownBytes;
  /** @param logits [V] of the model after the cover */
  read(cover: Cover, logits: Float32Array): Promise<void>;
  /** Puts a byte behind the text. */
  grow(byte: number): Promise<void>;
}

/** @param ends tokens that end a text, and are none of its bytes */
export function growingCovers(
  context: ReadingContext,
  text: OpenText,
  ends: ReadonlySet<TokenId>,
): GrowingCovers {
  const { order, succession } = context;
  const { lead } = text.stream;
  let { length } = text.stream.bytes;
  let stem = pruned(coversOf(text));

  return {
    get stem() {
      return stem;
    },
    covers: belowStem,
    known() {
      const shares = new Float64Array(NEXT_VALUES);
      const unread: KnownBytes["unread"][number][] = [];
      const shareOf = new Map<GrowingCover, number>();
      if (stem !== undefined) shareOf.set(stem, 1);
      for (const cover of belowStem()) {
        const share = shareOf.get(cover);
        if (share === undefined) continue;
        const { reading } = cover;
        if (reading === undefined) {
          unread.push({ cover, share });
          continue;
        }
        const scale = reading.kept > 0 ? share / reading.kept : 0;
        addReading(cover, reading, scale, shares);
        for (const child of cover.children) shareOf.set(child, scale * child.weight);
      }
      return { shares, unread };
    },
    async read(cover, logits) {
      await readCover(cover as GrowingCover, logits);
    },
    async grow(byte) {
      if (stem === undefined) return;
      const found: { readonly cover: GrowingCover; readonly place: number }[] = [];
      for (const cover of below(stem)) {
        narrow(cover, length - cover.offset, byte);
        const ending = placesEnding(order, cover.range, length + 1 - cover.offset);
        for (const place of ending) if (!ends.has(order.ids[place])) found.push({ cover, place });
      }
      length++;
      const allowed = await Promise.all(
        found.map(({ cover, place }) => succession.follows(textTokensOf(cover, RECENT), order.ids[place])),
      );
      for (const [i, { cover, place }] of found.entries()) settle(cover, place, allowed[i]);
      stem = pruned(stem);
    },
  };

  function belowStem(): GrowingCover[] {
    return stem === undefined ? [] : below(stem);
  }

  /** Adds what tokens that reach past the end give to each next byte. */
  function addReading(cover: GrowingCover, reading: Reading, scale: number, shares: Float64Array): void {
    const depth = length - cover.offset;
    if (depth === 0 || length === lead) shares[END] += scale * reading.ending;
    for (let place = cover.range.from; place < cover.range.to; place++) {
      if (reading.may[place - reading.from] === 0) continue;
      const byte = order.byteAt(place, depth);
      if (byte >= 0) shares[byte] += scale * reading.weights[place - reading.from];
    }
  }

  async function readCover(cover: GrowingCover, logits: Float32Array): Promise<void> {
    const { from, to } = cover.range;
    const mask = (await succession.allAfter(textTokensOf(cover, RECENT))).slice();
    for (const token of cover.refused) mask[token] = 0;
    for (const { token } of cover.children) mask[token] = 1;
    for (const end of ends) mask[end] = 0;
    const ending = (await context.mayEndAfter(text.stream, cover)) ? [...ends] : [];
    let largest = -Infinity;
    for (const id of order.ids) if (mask[id] === 1 && logits[id] > largest) largest = logits[id];
    for (const id of ending) largest = Math.max(largest, logits[id]);
    const weightOf = (id: TokenId): number => Math.exp(logits[id] - largest);

    const weights = new Float64Array(to - from);
    const may = new Uint8Array(to - from);
    const end = ending.reduce((sum, id) => sum + weightOf(id), 0);
    let kept = end;
    for (let place = 0; place < order.ids.length; place++) {
      const id = order.ids[place];
      const isInRange = place >= from && place < to;
      if (mask[id] === 0 && !isInRange) continue;
      const weight = weightOf(id);
      if (mask[id] === 1) kept += weight;
      if (!isInRange) continue;
      weights[place - from] = weight;
      may[place - from] = mask[id];
    }
    for (const child of cover.children) child.weight = weightOf(child.token);
    cover.reading = { from, weights, may, kept, ending: end };
  }

  /** Keeps the tokens of a cover that go on with `byte`, which stands `depth` bytes behind its end. */
  function narrow(cover: GrowingCover, depth: number, byte: number): void {
    cover.range = order.narrow(cover.range, depth, byte);
    if (cover.reading === undefined) return;
    const { from, to } = cover.range;
    const { reading } = cover;
    const part = [from - reading.from, to - reading.from] as const;
    const [weights, may] = [reading.weights.slice(...part), reading.may.slice(...part)];
    cover.reading = { ...reading, from, weights, may };
  }

  /** Adds the child, or refuses its token; a reading that judged by fewer tokens is put right. */
  function settle(cover: GrowingCover, place: number, isAllowed: boolean): void {
    const { reading } = cover;
    const token = order.ids[place];
    const at = place - (reading?.from ?? 0);
    const weight = reading?.weights[at] ?? 0;
    if (isAllowed) {
      const path = { parent: cover, token, depth: cover.depth + 1, offset: length, isCanonical: false };
      cover.children.push(newCover(path, weight));
    } else cover.refused.push(token);
    if (reading === undefined || (reading.may[at] === 1) === isAllowed) return;
    reading.kept += isAllowed ? weight : -weight;
    reading.may[at] = isAllowed ? 1 : 0;
  }

  /** The covers from which some token reaches past the end; → their last common ancestor. */
  function pruned(root: GrowingCover): GrowingCover | undefined {
    for (const cover of below(root).reverse()) cover.children = cover.children.filter(isLive);
    if (!isLive(root)) return undefined;
    let top = root;
    while (top.children.length === 1 && !isOpen(top)) top = top.children[0];
    return top;
  }

  /** Whether it is of use, once its children that are not are gone. */
  function isLive(cover: GrowingCover): boolean {
    return cover.children.length > 0 || isOpen(cover);
  }

  function isOpen({ range, offset }: GrowingCover): boolean {
    return goesOn(order, range, length - offset);
  }

  /** The covers of a whole text, as far as a token reaches past its end, without the model's word on any. */
  function coversOf({ states, stream }: OpenText): GrowingCover {
    const covers = new Map<CoverState, GrowingCover>();
    for (const state of states) {
      const parent = state.parent && covers.get(state.parent);
      const cover = newCover({ ...state, parent }, 0);
      cover.refused.push(...state.refused);
      cover.range = tokensFrom(order, stream.bytes, state.offset);
      parent?.children.push(cover);
      covers.set(state, cover);
    }
    return covers.get(states[0])!;
  }

  function newCover(
    path: TokenPath & { readonly parent: GrowingCover | undefined },
    weight: number,
  ): GrowingCover {
    const { parent, token, depth, offset, isCanonical } = path;
    const range = { from: 0, to: order.ids.length };
    return {
      ...{ parent, token, depth, offset, isCanonical, weight, range },
      children: [],
      refused: [],
      reading: undefined,
    };
  }
}

interface GrowingCover extends Cover {
  readonly parent: GrowingCover | undefined;
  children: GrowingCover[];
  /** Tokens that stand for the next bytes of the text, but that the tokenizer would not write here. */
  readonly refused: TokenId[];
  /** The tokens that begin with all bytes of the text behind the cover. */
  range: Range;
  /** What the parent's reading says of the last token; 0 before there is one. */
  weight: number;
  reading: Reading | undefined;
}

/** What the model says after a cover; weights are probabilities up to a common factor. */
interface Reading {
  /** The place of the first token below in the order. */
  readonly from: number;
  /** Of the tokens in the cover's range. */
  readonly weights: Float64Array;
  /** 1 for those that may follow. */
  readonly may: Uint8Array;
  /** Σ of all that may follow, in the range or not. */
  kept: number;
  readonly ending: number;
}

/** A cover and all that follow it, parents first. It calls itself nowhere: a long text has thousands of covers in a row. */
function below(cover: GrowingCover): GrowingCover[] {
  const covers = [cover];
  for (let i = 0; i < covers.length; i++) covers.push(...covers[i].children);
  return covers;
}
