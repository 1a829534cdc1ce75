import type { TokenId } from "@revocab/core";
import type { TokenFlags } from "./class-table.ts";

/** What adding tokens needs to know about the pieces of a model. */
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
  /** Whether the token is present with exactly these flags. */
  holds(token: TokenFlags): boolean;
  /** One call of the library's add_tokens. */
  add(batch: readonly TokenFlags[]): void;
}

/**
 * A token that the model has keeps its id. Others are numbered from the count of the model's pieces on, or from behind the
 * highest added id at the start of the call, if that is higher. A token that is added again gets the new flags.
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

/** A token with the flags of a file, and the library's defaults for missing ones. */
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
