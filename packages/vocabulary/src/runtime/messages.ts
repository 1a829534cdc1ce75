import type { TokenId } from "@revocab/core";
import type { Reply } from "@revocab/guarded-process";

/** A request to the process that runs the tokenizers library. */
export type LibraryRequest =
  | { readonly type: "load"; readonly key: number; readonly json: Uint8Array }
  | BatchRequest;

/** A batch of items of one kind for one tokenizer. */
export type BatchRequest = {
  [Type in BatchType]: { readonly type: Type; readonly key: number; readonly items: readonly Items[Type][] };
}[BatchType];

export type BatchType = keyof Items;

/** The items of a batch, by its type. */
export interface Items {
  /** A text to encode, without special tokens around it. */
  readonly encode: string;
  /** A text to encode word by word. */
  readonly words: string;
  /** One text, or two, with special tokens around them. */
  readonly frame: readonly [string] | readonly [string, string];
  readonly decode: readonly TokenId[];
  readonly normalize: string;
  readonly cut: string;
}

/** The answers to the items of a batch, by its type. */
export interface Answers {
  readonly encode: Uint32Array;
  /** The ids of each word. */
  readonly words: readonly Uint32Array[];
  readonly frame: { readonly ids: Uint32Array; readonly typeIds: Uint8Array };
  readonly decode: string;
  readonly normalize: string;
  readonly cut: readonly string[];
}

/** The answers of a batch as they are sent. */
export type BatchAnswer =
  | {
      readonly type: "encode";
      readonly texts: PackedIds;
      /** By place: why the library has no ids for a text. */
      readonly refusals: ReadonlyMap<number, string>;
    }
  | {
      readonly type: "words";
      readonly words: PackedIds;
      /** [items] how many words each text has. */
      readonly counts: Uint32Array;
      readonly refusals: ReadonlyMap<number, string>;
    }
  | {
      readonly type: "each";
      readonly replies: readonly Reply<Answers[Exclude<BatchType, "encode" | "words">]>[];
    };

/** A load is answered by undefined. */
export type LibraryAnswer = BatchAnswer | undefined;

/** Lists of ids as two arrays: hundreds of small ones take longer to send than to make. */
interface PackedIds {
  /** All ids, one list after the other. */
  readonly ids: Uint32Array;
  /** [lists] where each list ends among them. */
  readonly ends: Uint32Array;
}

export function packIds(lists: readonly ArrayLike<number>[]): PackedIds {
  const ends = new Uint32Array(lists.length);
  let end = 0;
  for (const [place, list] of lists.entries()) {
    end += list.length;
    ends[place] = end;
  }
  const ids = new Uint32Array(end);
  for (const [place, list] of lists.entries()) ids.set(list, ends[place] - list.length);
  return { ids, ends };
}

export function unpackIds({ ids, ends }: PackedIds): Uint32Array[] {
  return Array.from(ends, (end, place) => ids.slice(place === 0 ? 0 : ends[place - 1], end));
}
