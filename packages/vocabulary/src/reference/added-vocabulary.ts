import type { TokenId } from "@revocab/core";
import type { TokenFlags } from "./class-table.ts";

/** The pieces of a model as far as adding tokens to it needs them. */
export interface ModelPieces {
  readonly count: number;
  idOf(piece: string): TokenId | undefined;
}

/** The added tokens of a tokenizer, numbered as the tokenizers library (0.23) numbers them. */
export interface AddedVocabulary {
  /** In the order of their ids. */
  tokens(): (TokenFlags & { readonly id: TokenId })[];
  has(content: string): boolean;
  idOf(content: string): TokenId | undefined;
  /** Whether the token is there with exactly these flags. */
  holds(token: TokenFlags): boolean;
  /** One call of the library's add_tokens. */
  add(batch: readonly TokenFlags[]): void;
}

/**
 * A token that the model has keeps its id; others are numbered on from the count of the model's pieces, or behind the highest
 * added id if that is higher, as it was when the call began. A token that is added again gets the new flags.
 */
export function addedVocabulary(pieces: ModelPieces): AddedVocabulary {
  const idOfContent = new Map<string, TokenId>();
  const byId = new Map<TokenId, TokenFlags>();
  const idOf = (content: string) => idOfContent.get(content) ?? pieces.idOf(content);
  const holds = (token: TokenFlags): boolean => {
    const id = idOfContent.get(token.content);
    const present = id === undefined ? undefined : byId.get(id);
    return present !== undefined && isSame(present, token);
  };
  return {
    tokens: () => [...byId].sort(([a], [b]) => a - b).map(([id, token]) => ({ id, ...token })),
    has: (content) => idOfContent.has(content) && byId.get(idOfContent.get(content)!)?.content === content,
    idOf,
    holds,
    add(batch) {
      const highest = [...idOfContent.values()].reduce((most, id) => Math.max(most, id), -1);
      let next = highest >= pieces.count ? highest + 1 : pieces.count;
      for (const token of batch) {
        if (token.content === "" || holds(token)) continue;
        const id = idOf(token.content) ?? next++;
        idOfContent.set(token.content, id);
        byId.set(id, token);
      }
    },
  };
}

export function isSame(left: TokenFlags, right: TokenFlags): boolean {
  return FLAGS.every((flag) => left[flag] === right[flag]);
}

const FLAGS = ["content", "single_word", "lstrip", "rstrip", "normalized", "special"] as const;

/** A token with the flags that a file gives it, and the library's defaults for the others. */
export function tokenFlags(content: string, given: Readonly<Record<string, unknown>> = {}): TokenFlags {
  const special = given.special === true;
  const flag = (name: string, otherwise: boolean) =>
    typeof given[name] === "boolean" ? given[name] : otherwise;
  return {
    content,
    single_word: flag("single_word", false),
    lstrip: flag("lstrip", false),
    rstrip: flag("rstrip", false),
    normalized: flag("normalized", !special),
    special,
  };
}
