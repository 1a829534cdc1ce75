import { SPECIAL_ROLES } from "@revocab/core";
import { BYTE_ALPHABET, byteToken, inByteAlphabet } from "../bytes/byte-alphabet.ts";
import { declaredSpecials } from "../find-specials.ts";
import type { Notation } from "../notation.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/json-file.ts";
import {
  documentOf,
  mergesOf,
  renumberPostProcessor,
  type TokenizerDocument,
  type TokenizerParts,
} from "../tokenizer-json/tokenizer-document.ts";

export interface ReferenceConversion {
  /** Replace the tokenizer's tokens of white space by runs of up to 16, the same for every tokenizer. @default false */
  readonly consistentWhitespace?: boolean;
  /** Put this tokenizer's specials in the place of the converted one's, at their own ids. */
  readonly specialsOf?: Tokenizer;
}

/** The reference's score for bytes that become Unigram pieces, so that they are used only if nothing else fits. */
const NEVER_CHOSEN = -100_000;

/**
 * ZeTT's own conversion, id for id (zett 0167758), with whose output its hypernetworks were trained. The added merges have a
 * fixed order here. In the reference the order changes from run to run, and with it the spelling of a handful of characters.
 */
export function convertAsReference(
  { tokenizer, document, notation }: TokenizerParts,
  { consistentWhitespace = false, specialsOf }: ReferenceConversion,
): TokenizerDocument {
  const { vocabulary } = tokenizer;
  const write = pieceWriter(notation);
  const ownSpecials = specialIds(tokenizer);
  let forms = Array.from({ length: vocabulary.size }, (_, id) => {
    const token = vocabulary.tokenOf(id);
    return ownSpecials.has(token) ? token : write(token);
  });
  const byteTokens = notation.hasByteTokens ? BYTE_TOKENS : new Map<string, string>();
  const known = new Set(forms);
  forms = forms.map((form) => {
    const byte = byteTokens.get(form);
    return byte === undefined || known.has(byte) ? form : byte;
  });
  const written = new Set(forms);
  forms.push(...BYTE_ALPHABET.characterOf.filter((character) => !written.has(character)));
  if (consistentWhitespace) forms = nameWhitespaceRuns(forms);
  const specials = specialsOf === undefined ? ownSpecials : specialIds(specialsOf);
  if (specialsOf !== undefined) {
    forms = forms.filter((form) => !ownSpecials.has(form) && !specials.has(form));
    for (const [token, id] of [...specials].sort(([, a], [, b]) => a - b)) forms.splice(id, 0, token);
  }

  const model = convertModel();
  const idOf = new Map(forms.map((form, id) => [form, id]));
  return {
    ...document,
    added_tokens: Array.from(specials.keys(), (content) => addedToken(content, idOf.get(content)!)).sort(
      (a, b) => a.id - b.id,
    ),
    normalizer: { type: "Prepend", prepend: " " },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: WORDS }, behavior: "Removed", invert: true },
        BYTE_LEVEL,
      ],
    },
    post_processor:
      renumberPostProcessor(specialsOf && documentOf(specialsOf).post_processor, idOf) ??
      document.post_processor ??
      null,
    decoder: BYTE_LEVEL,
    model,
  };

  function convertModel() {
    const { model: original } = document;
    if (tokenizer.family === "unigram") {
      const scores = new Map(
        (original.vocab as readonly (readonly [string, number])[]).map(([piece, score]) => [
          write(piece),
          score,
        ]),
      );
      for (const character of BYTE_ALPHABET.characterOf) {
        if (!scores.has(character)) scores.set(character, NEVER_CHOSEN);
      }
      const scoreOf = (form: string) =>
        (consistentWhitespace && countWhitespace(form) > 1 ? undefined : scores.get(form)) ?? 0;
      const vocab = forms.map((form) => [form, scoreOf(form)] as const);
      const unk = (specialsOf ?? tokenizer).vocabulary.idOfRole("unk");
      return { ...original, vocab, byte_fallback: false, ...(unk !== undefined && { unk_id: unk }) };
    }
    const merging = tokenizer.family !== "wordpiece";
    let merges: readonly string[] = [];
    if (merging) {
      const pairs = mergesOf(original).map(([a, b]) => [write(a), write(b)] as const);
      const extended = referenceMerges({
        forms,
        toCheck: (notation.isByteLevel ? forms.slice(vocabulary.size) : forms).filter(
          (form) => !specials.has(form) && !byteTokens.has(form) && !form.startsWith("<unused_whitespace__"),
        ),
        pairs: consistentWhitespace ? pairs.filter(([a, b]) => countWhitespace(a + b) <= 1) : pairs,
        isLate: (token) => consistentWhitespace && countWhitespace(token) > 1,
      });
      forms = [...forms, ...extended.pieces];
      merges = extended.merges;
    }
    return {
      ...original,
      vocab: Object.fromEntries(forms.map((form, id) => [form, id])),
      ...(merging && { merges, byte_fallback: false }),
      ...(typeof original.continuing_subword_prefix === "string" && { continuing_subword_prefix: "" }),
    };
  }
}

const WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?[\\p{L}\\p{M}]+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const BYTE_LEVEL = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: false,
} as const;

/** `<0x00>` to `<0xFE>`: the reference leaves out the last. */
const BYTE_TOKENS: ReadonlyMap<string, string> = new Map(
  BYTE_ALPHABET.characterOf.slice(0, 255).map((character, byte) => [byteToken(byte), character]),
);

function pieceWriter({ isByteLevel, spaceMark, continuingPrefix }: Notation): (piece: string) => string {
  if (isByteLevel) return (piece) => piece;
  return (piece) => {
    const spaced = spaceMark === undefined ? piece : piece.replaceAll(spaceMark, " ");
    if (continuingPrefix === "") return inByteAlphabet(spaced);
    return inByteAlphabet(
      spaced.startsWith(continuingPrefix) ? spaced.slice(continuingPrefix.length) : ` ${spaced}`,
    );
  };
}

/** The special tokens in the sense of transformers: those with a role, and those that the config lists. */
function specialIds({ vocabulary, files }: Tokenizer): ReadonlyMap<string, number> {
  const specials = new Map<string, number>();
  for (const role of SPECIAL_ROLES) {
    const id = vocabulary.idOfRole(role);
    if (id !== undefined) specials.set(vocabulary.tokenOf(id), id);
  }
  const config = files.get("tokenizer_config.json");
  const listed = config && (parseJson(config, "tokenizer_config.json") as Record<string, unknown>);
  for (const token of listed === undefined ? [] : declaredSpecials(listed)) {
    const id = vocabulary.idOfSpecial(token);
    if (id !== undefined) specials.set(token, id);
  }
  return specials;
}

function addedToken(content: string, id: number) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

interface ReferenceMergesOptions {
  /** Every token, in GPT-2's alphabet. */
  readonly forms: readonly string[];
  /** The tokens that must be reachable by merging bytes. */
  readonly toCheck: readonly string[];
  /** The tokenizer's own merges. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Tokens whose merges come after the tokenizer's own, instead of before them. */
  readonly isLate: (token: string) => boolean;
}

/**
 * Merges that build every token from bytes, as in the reference: parts of several bytes that the tokenizer's own merges do not
 * build are joined pairwise.
 */
function referenceMerges({ forms, toCheck, pairs, isLate }: ReferenceMergesOptions): {
  readonly merges: readonly string[];
  /** Tokens that the merges need and the tokenizer lacks, sorted. */
  readonly pieces: readonly string[];
} {
  const partsOf = new Map<string, string[]>();
  for (const [a, b] of pairs) {
    const parts = partsOf.get(a + b) ?? [];
    parts.push(a, b);
    partsOf.set(a + b, parts);
  }
  const known = new Set(forms);
  const seen = new Set<string>();
  const unmerged: string[] = [];
  const visit = (token: string): void => {
    if (seen.has(token)) return;
    seen.add(token);
    const parts = partsOf.get(token);
    if (parts !== undefined) for (const part of parts) visit(part);
    else if (token.length > 1) unmerged.push(token);
  };
  for (const token of toCheck) visit(token);

  const before = new Set<string>();
  const after = new Set<string>();
  const pieces = new Set<string>();
  // In the reference the order is that of a Python set, which changes in each run; sorted, characters of three bytes come before
  // those of four, whose last two bytes would otherwise join across a character's middle.
  for (const token of unmerged.sort()) {
    for (const [a, b] of joinPairwise(token)) {
      if (!known.has(a + b)) pieces.add(a + b);
      const merge = `${a} ${b}`;
      if (!before.has(merge) && !after.has(merge)) (isLate(token) ? after : before).add(merge);
    }
  }
  return {
    merges: [...before, ...pairs.map((pair) => pair.join(" ")), ...after],
    pieces: [...pieces].sort(),
  };
}

/** Joins neighbours, pass by pass, until one piece is left: abcd → ab cd → abcd. */
function joinPairwise(token: string): (readonly [string, string])[] {
  const merges: (readonly [string, string])[] = [];
  let pieces = [...token];
  while (pieces.length > 1) {
    const before = pieces;
    for (let i = 0; i + 1 < before.length; i++) {
      const [a, b] = [before[i], before[i + 1]];
      const joined: string[] = [];
      for (let at = 0; at < pieces.length; at++) {
        if (pieces[at] === a && pieces[at + 1] === b) {
          joined.push(a + b);
          at++;
        } else joined.push(pieces[at]);
      }
      if (joined.length < pieces.length) merges.push([a, b]);
      pieces = joined;
    }
  }
  return merges;
}

const WHITESPACE = ["Ġ", "Ċ", "ĉ"] as const;

/** The number of spaces, line ends and tabs in a token in GPT-2's alphabet. */
function countWhitespace(form: string): number {
  let count = 0;
  for (const character of form) if ((WHITESPACE as readonly string[]).includes(character)) count++;
  return count;
}

/**
 * Gives every tokenizer the same tokens of white space: one of the three characters followed by up to 15 of one of them. Other
 * tokens with more than one of these characters, and tokens of blanks only, become unused.
 * @see https://arxiv.org/abs/2405.07883 (the reference's `make_whitespace_consistent`)
 */
function nameWhitespaceRuns(forms: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const repeated of WHITESPACE) {
    for (let count = 1; count < 16; count++) {
      for (const first of WHITESPACE) missing.add(first + repeated.repeat(count));
    }
  }
  const named = forms.map((form, id) => {
    if (missing.delete(form)) return form;
    return countWhitespace(form) > 1 || form.trim() === "" ? `<unused_whitespace__${id}>` : form;
  });
  return [...named, ...missing];
}
