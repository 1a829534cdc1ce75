import { RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { joinedBytes } from "./joined-bytes.ts";
import { tokenizerWrites } from "./tokenizer-writes.ts";
import { utf8StateAfter } from "./utf8-state.ts";

/** Which tokens the tokenizer itself could write after others. */
export interface TokenSuccession {
  /** Whether the tokenizer could write `token` right after `before`, the last tokens of a text or all of them. */
  follows(before: readonly TokenId[], token: TokenId): Promise<boolean>;
  /** [V] 1 for every token that could follow; judged by no more tokens than it takes, as it is kept for all that end so. */
  allAfter(before: readonly TokenId[]): Promise<Uint8Array>;
  /** Whether a text may end after `before`. */
  mayEnd(before: readonly TokenId[]): Promise<boolean>;
  /** Whether the tokenizer puts a space before every text. */
  readonly putsSpaceFirst: boolean;
}

/**
 * Tokens may follow each other when the tokenizer, given their bytes, writes just these tokens. For BPE every sequence
 * of such neighbours is an encoding of its text, because a merge looks at two neighbours only. For Unigram it is a
 * little too much: the best of two neighbours need not be the best of three.
 * @throws RevocabError `unsupported_tokenizer` for WordPiece, which does not keep the spaces of a text
 */
export function tokenSuccession(tokenizer: Tokenizer): Promise<TokenSuccession> {
  let made = successions.get(tokenizer);
  if (made === undefined) {
    made = makeSuccession(tokenizer);
    successions.set(tokenizer, made);
  }
  return made;
}

/** Kept with the tokenizer, for what may follow a token is 5 to 50 ms of work for each 1,000 tokens. */
const successions = new WeakMap<Tokenizer, Promise<TokenSuccession>>();

async function makeSuccession(tokenizer: Tokenizer): Promise<TokenSuccession> {
  const { vocabulary, family, origin } = tokenizer;
  if (family === "wordpiece") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: found a WordPiece tokenizer, expected one that keeps every byte of a text`,
      { hint: "byte-level probabilities are for BPE, Unigram and character tokenizers" },
    );
  }
  const putsSpaceFirst = vocabulary.bytesOf((await tokenizer.encode("a"))[0] ?? -1)[0] === SPACE;
  const { writes, endsWith, contextOf } = await tokenizerWrites(tokenizer, putsSpaceFirst);
  const masks = new Map<string, Uint8Array>();
  const verdicts = new Map<string, boolean>();

  const judge = async (window: readonly TokenId[], token: TokenId): Promise<boolean> => {
    const bytes = vocabulary.bytesOf(token);
    if (window.length === 0 && putsSpaceFirst && bytes[0] !== SPACE) return false;
    if (utf8StateAfter(utf8StateAfter(0, joinedBytes(vocabulary, window)), bytes) < 0) return false;
    return writes([...window, token]);
  };

  return {
    putsSpaceFirst,
    async follows(before, token) {
      const window = contextOf(before, "long");
      const key = `${window.join(" ")}>${token}`;
      let verdict = verdicts.get(key);
      if (verdict === undefined) {
        verdict = await judge(window, token);
        if (verdicts.size >= VERDICTS_KEPT) verdicts.clear();
        verdicts.set(key, verdict);
      }
      return verdict;
    },
    async allAfter(before) {
      const window = contextOf(before, "short");
      const key = window.join(" ");
      const found = masks.get(key);
      if (found !== undefined) return found;
      const mask = new Uint8Array(vocabulary.size);
      for (let start = 0; start < mask.length; start += AT_ONCE) {
        const ids = Array.from({ length: Math.min(AT_ONCE, mask.length - start) }, (_, i) => start + i);
        const allowed = await Promise.all(
          ids.map((id) => {
            const kind = vocabulary.kindOf(id);
            return (kind === "text" || kind === "byte") && judge(window, id);
          }),
        );
        for (const id of ids) mask[id] = allowed[id - start] ? 1 : 0;
      }
      if (masks.size * mask.length > MASK_BYTES) masks.delete(masks.keys().next().value!);
      masks.set(key, mask);
      return mask;
    },
    mayEnd: (before) => endsWith(contextOf(before, "short")),
  };
}

const SPACE = 0x20;
/** Texts given to the library together: it works on several threads. */
const AT_ONCE = 1024;
/** Masks kept: 2,000 contexts of a vocabulary of 32,000. */
const MASK_BYTES = 64 * 2 ** 20;
const VERDICTS_KEPT = 200_000;
