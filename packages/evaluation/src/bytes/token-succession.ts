import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { type Tokenizer, unlessRefused } from "@revocab/vocabulary";
import { LRUCache } from "lru-cache";
import { mergedMask, type QuickMaskAfter, ruledMask } from "./quick-masks.ts";
import { type TextRules, textRules } from "./text-rules.ts";
import { joinedBytes, utf8StateAfter } from "./token-bytes.ts";
import { tokenizerWrites } from "./tokenizer-writes.ts";

/** Which tokens the tokenizer itself could write after others. */
export interface TokenSuccession {
  /** Whether the tokenizer could write `token` right after `before`, the last tokens of a text or all of them. */
  follows(before: readonly TokenId[], token: TokenId): Promise<boolean>;
  /** [V] 1 for every token that could follow. It looks at few tokens, and is kept for all texts that end in them. */
  allAfter(before: readonly TokenId[]): Promise<Uint8Array>;
  /** Whether a text may end after `before`. */
  mayEnd(before: readonly TokenId[]): Promise<boolean>;
  /** Whether the tokenizer puts a space before every text. */
  readonly putsSpaceFirst: boolean;
}

/**
 * Tokens may follow each other when the tokenizer, given their bytes, writes exactly these tokens. For BPE every sequence of
 * such neighbors is the encoding of its text, because a merge looks at two neighbors only. For Unigram this allows a little too
 * much: the best of two neighbors need not be the best of three. With `ignore_merges` (Llama 3) it allows a little too little:
 * tokens whose bytes are one token together are refused, though they may stand side by side in a longer word.
 *
 * For most BPE tokenizers all tokens after a context are judged from the merges and the pattern of the file: some 4 ms for
 * Llama 2's 32,000 tokens, 8 for GPT-2's 50,000, 35 for Qwen 2's 152,000. Other tokenizers (Unigram, a BPE with
 * another pattern) judge token by token, 5 to 50 ms for each 1,000.
 * @throws RevocabError `unsupported_tokenizer` for WordPiece, which does not keep the spaces of a text
 */
export function tokenSuccession(tokenizer: Tokenizer): Promise<TokenSuccession> {
  const succession = successions.get(tokenizer) ?? createSuccession(tokenizer, true);
  successions.set(tokenizer, succession);
  return succession;
}

/** The same without rules, token by token: {@link tokenSuccession} must give the same verdicts. */
export function successionWithoutRules(tokenizer: Tokenizer): Promise<TokenSuccession> {
  return createSuccession(tokenizer, false);
}

/** Kept as long as the tokenizer, with all masks. */
const successions = new WeakMap<Tokenizer, Promise<TokenSuccession>>();

async function createSuccession(tokenizer: Tokenizer, mayUseRules: boolean): Promise<TokenSuccession> {
  const { vocabulary, family, origin } = tokenizer;
  if (family === "wordpiece") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: found a WordPiece tokenizer, expected one that keeps every byte of a text`,
      { hint: "byte-level probabilities are for BPE, Unigram and character tokenizers" },
    );
  }
  const [first = -1] = (await unlessRefused(tokenizer.encode("a"))) ?? [];
  const putsSpaceFirst = vocabulary.bytesOf(first)[0] === SPACE;
  const writer = await tokenizerWrites(tokenizer, putsSpaceFirst);
  const { contextOf } = writer;
  const rules = mayUseRules && writer.encodes ? await textRules(tokenizer, writer.probe) : undefined;
  const quickMask = mayUseRules ? quickMaskOf(tokenizer, rules, writer.encodes, putsSpaceFirst) : undefined;
  const masks = new LRUCache<string, Uint8Array>({
    maxSize: MASK_BYTES,
    sizeCalculation: ({ length }) => length,
  });
  const verdicts = new LRUCache<string, boolean>({ max: VERDICTS_KEPT });

  const judge = async (window: readonly TokenId[], token: TokenId): Promise<boolean> => {
    const bytes = vocabulary.bytesOf(token);
    if (window.length === 0 && putsSpaceFirst && bytes[0] !== SPACE) return false;
    if (utf8StateAfter(utf8StateAfter(0, joinedBytes(vocabulary, window)), bytes) < 0) return false;
    const tokens = [...window, token];
    return rules?.writes(tokens) ?? writer.writes(tokens);
  };

  /** Judges the tokens one by one. */
  const decide = async (window: readonly TokenId[], tokens: readonly TokenId[], mask: Uint8Array) => {
    for (let start = 0; start < tokens.length; start += AT_ONCE) {
      const some = tokens.slice(start, start + AT_ONCE);
      const allowed = await Promise.all(some.map((id) => judge(window, id)));
      for (const [i, id] of some.entries()) mask[id] = allowed[i] ? 1 : 0;
    }
  };

  return {
    putsSpaceFirst,
    async follows(before, token) {
      const window = contextOf(before, "long");
      const key = `${window.join(" ")}>${token}`;
      let verdict = verdicts.get(key);
      if (verdict === undefined) {
        verdict = await judge(window, token);
        verdicts.set(key, verdict);
      }
      return verdict;
    },
    async allAfter(before) {
      const window = contextOf(before, "short");
      const key = window.join(" ");
      const found = masks.get(key);
      if (found !== undefined) return found;
      const { mask, open } = quickMask?.(window) ?? {
        mask: new Uint8Array(vocabulary.size),
        open: textTokens(vocabulary),
      };
      await decide(window, open, mask);
      masks.set(key, mask);
      return mask;
    },
    async mayEnd(before) {
      const window = contextOf(before, "short");
      return rules?.endsWith(window) ?? writer.endsWith(window);
    },
  };
}

function quickMaskOf(
  tokenizer: Tokenizer,
  rules: TextRules | undefined,
  encodes: boolean,
  putsSpaceFirst: boolean,
): QuickMaskAfter | undefined {
  if (encodes) return rules && ruledMask(tokenizer, rules);
  const neighbours = tokenizer.bpeNeighbours();
  return neighbours && mergedMask(tokenizer, neighbours, putsSpaceFirst);
}

function textTokens(vocabulary: Vocabulary): TokenId[] {
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  return ids.filter((id) => vocabulary.kindOf(id) === "text" || vocabulary.kindOf(id) === "byte");
}

const SPACE = 0x20;
/** Texts encoded together. */
const AT_ONCE = 1024;
/** Masks kept: 2,000 contexts of a vocabulary of 32,000. */
const MASK_BYTES = 64 * 2 ** 20;
const VERDICTS_KEPT = 200_000;
