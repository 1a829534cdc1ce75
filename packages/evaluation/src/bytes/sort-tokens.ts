import type { TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { TextRules } from "./text-rules.ts";
import { utf8StateAfter } from "./utf8-state.ts";

/** The tokens of a byte-level BPE by what it takes to judge them. */
export interface SortedTokens {
  /** Whole characters and nothing out of the ordinary. */
  readonly plain: readonly TokenId[];
  /** Their texts. */
  readonly texts: readonly string[];
  /** [plain] 1 where the text ends in white space. */
  readonly endsInSpace: Uint8Array;
  /** To be judged by the rules, one by one. */
  readonly unusual: readonly TokenId[];
  /** Which the tokenizer must be asked about. */
  readonly strange: readonly TokenId[];
  /** Tokens that end inside a character. */
  readonly cutShort: readonly TokenId[];
  /** Tokens that begin inside one. */
  readonly inside: readonly TokenId[];
}

export function sortTokens({ vocabulary }: Tokenizer, rules: TextRules): SortedTokens {
  const plain: TokenId[] = [];
  const texts: string[] = [];
  const unusual: TokenId[] = [];
  const strange: TokenId[] = [];
  const cutShort: TokenId[] = [];
  const inside: TokenId[] = [];
  const { cuts, neighbours, isAlone } = rules;
  for (let id = 0; id < vocabulary.size; id++) {
    const bytes = vocabulary.bytesOf(id);
    if (vocabulary.kindOf(id) !== "text" || bytes.length === 0) continue;
    const state = utf8StateAfter(0, bytes);
    if ((bytes[0] & 0xc0) === 0x80) inside.push(id);
    if (state < 0) continue;
    // Neither its merges nor a rule before them makes this token.
    if (!neighbours.isMerged(id) && isAlone[id] === 0) continue;
    if (state > 0) {
      cutShort.push(id);
      continue;
    }
    const text = DECODER.decode(bytes);
    if (rules.isStrange(text)) strange.push(id);
    // A text in its form has no part that is not.
    else if (cuts.forms.some((form) => text.normalize(form) !== text)) continue;
    else if (hasMatch(cuts.added, text) || (cuts.forms.length > 0 && COMBINING.test(text))) unusual.push(id);
    else {
      plain.push(id);
      texts.push(text);
    }
  }
  const endsInSpace = Uint8Array.from(texts, (text) => (/\s$/u.test(text) ? 1 : 0));
  return { plain, texts, endsInSpace, unusual, strange, cutShort, inside };
}

/** What may become one character with what is before it: marks, and the later letters of a Hangul syllable. */
const COMBINING = /^[\p{M}\u1161-\u1175\u11a8-\u11c2]/u;

/** Leaves `lastIndex`, where the next search would begin, alone. */
export function hasMatch(added: RegExp | undefined, text: string): boolean {
  return added !== undefined && text.search(added) >= 0;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
