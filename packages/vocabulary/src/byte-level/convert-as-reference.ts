import { SPECIAL_ROLES } from "@revocab/core";
import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";
import type { Notation } from "../notation.ts";
import { declaredSpecials } from "../special/declared-roles.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";
import type { ConversionSubject } from "./conversion-subject.ts";
import { inByteAlphabet } from "./in-byte-alphabet.ts";
import { referenceMerges } from "./reference-merges.ts";
import { renumberPostProcessor } from "./renumber-post-processor.ts";
import { mergesOf, type TokenizerDocument } from "./tokenizer-document.ts";
import { countWhitespace, nameWhitespaceRuns } from "./whitespace-runs.ts";

export interface ReferenceConversion {
  /** Replace the tokenizer's tokens of white space by runs of up to 16, the same for every tokenizer. @default false */
  readonly consistentWhitespace?: boolean;
  /** Put this tokenizer's specials in the place of the converted one's, at their own ids. */
  readonly specialsOf?: Tokenizer;
}

/** What the reference gives a byte of which it makes a Unigram piece, so that no text is spelled with it by choice. */
const NEVER_CHOSEN = -100_000;

/**
 * ZeTT's own conversion, id for id (zett 0167758): what its hypernetworks were trained with. The merges that it adds have
 * one order here; in the reference it changes from run to run, and with it the spelling of a handful of characters.
 */
export function convertAsReference(
  { tokenizer, document, notation }: ConversionSubject,
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
    post_processor: renumberPostProcessor(specialsOf, idOf) ?? document.post_processor ?? null,
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

/** `<0x00>` to `<0xFE>`: the reference forgets the last. */
const BYTE_TOKENS: ReadonlyMap<string, string> = new Map(
  BYTE_ALPHABET.characterOf
    .slice(0, 255)
    .map((character, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, character]),
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

/** Tokens that transformers calls special: those with a role, and those the config lists. */
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
