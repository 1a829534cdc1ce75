import type { TokenId } from "@revocab/core";
import type { PieceTable } from "./pieces.ts";
import type { MergeTable } from "./read-merges.ts";

/** The parts of a checked tokenizer.json that this package needs. */
export interface TokenizerJson {
  readonly model: ModelJson;
  /** The model's own pieces; added tokens beyond them are not here. */
  readonly pieces: PieceTable;
  readonly added: readonly AddedTokenJson[];
  readonly normalizer: ComponentJson | undefined;
  readonly preTokenizer: ComponentJson | undefined;
  readonly postProcessor: ComponentJson | undefined;
  readonly decoder: ComponentJson | undefined;
  /** The file as the tokenizers library must get it: see {@link pinAddedIds}. */
  readonly bytes: Uint8Array;
  readonly notes: readonly string[];
}

export type ModelJson =
  | {
      readonly type: "BPE";
      readonly unkToken: string | undefined;
      readonly continuingPrefix: string;
      readonly endSuffix: string;
      readonly hasByteFallback: boolean;
      readonly ignoresMerges: boolean;
      readonly merges: MergeTable;
    }
  | {
      readonly type: "Unigram";
      readonly unkId: TokenId | undefined;
      readonly hasByteFallback: boolean;
      /** [pieces] log probabilities. */
      readonly scores: Float64Array;
    }
  | { readonly type: "WordPiece"; readonly unkToken: string | undefined; readonly continuingPrefix: string }
  | { readonly type: "WordLevel"; readonly unkToken: string | undefined };

export interface AddedTokenJson {
  readonly id: TokenId;
  readonly content: string;
  readonly special: boolean;
  /** Whether it is found only where no letter is beside it. */
  readonly single_word?: boolean | null | undefined;
  /** Whether it includes the white space before it. */
  readonly lstrip?: boolean | null | undefined;
  readonly rstrip?: boolean | null | undefined;
}

/** A normalizer, pre-tokenizer, post-processor or decoder, as in the file. */
export interface ComponentJson {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The component itself or, for a Sequence, its parts in order. */
export function components(component: ComponentJson | undefined): ComponentJson[] {
  if (component === undefined) return [];
  const parts = SEQUENCE_FIELDS.flatMap((field) => {
    const list = component.type === "Sequence" ? component[field] : undefined;
    return Array.isArray(list) ? list.filter(isComponent) : [];
  });
  return parts.length === 0 ? [component] : parts.flatMap(components);
}

const SEQUENCE_FIELDS = ["normalizers", "pretokenizers", "decoders", "processors"];

function isComponent(value: unknown): value is ComponentJson {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
