import { Normalizer } from "@huggingface/tokenizers";
import { readCharsmap } from "@revocab/vocabulary/internal";

/** Normalizers that the JavaScript library only approximates, as the Rust library has them. */

/** The part of a `Precompiled` normalizer that is read. */
export interface CharsmapSettings {
  readonly precompiled_charsmap: string;
}

/**
 * SentencePiece's map of characters. A grapheme of less than 6 bytes that begins with a rule's text is replaced as a whole, as the
 * Rust library does it; of others each character is looked up by itself.
 */
export class CharsmapNormalizer extends Normalizer {
  readonly #rules: ReadonlyMap<string, string>;

  constructor(settings: CharsmapSettings) {
    super(settings as never);
    const characters = atob(settings.precompiled_charsmap);
    this.#rules = readCharsmap(Uint8Array.from(characters, (character) => character.charCodeAt(0)));
  }

  normalize(text: string): string {
    let normal = "";
    for (const { segment } of GRAPHEMES.segment(text)) {
      const whole = ENCODER.encode(segment).length < 6 ? this.#replacementOf(segment) : undefined;
      if (whole !== undefined) normal += whole;
      else for (const character of segment) normal += this.#rules.get(character) ?? character;
    }
    return normal;
  }

  /** What the shortest rule that the grapheme begins with makes of it. */
  #replacementOf(grapheme: string): string | undefined {
    let start = "";
    for (const character of grapheme) {
      start += character;
      const replacement = this.#rules.get(start);
      if (replacement !== undefined) return replacement;
    }
    return undefined;
  }
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
const ENCODER = new TextEncoder();

/** The settings of a `BertNormalizer`. */
export interface BertSettings {
  readonly clean_text?: boolean;
  readonly handle_chinese_chars?: boolean;
  readonly strip_accents?: boolean | null;
  readonly lowercase?: boolean;
}

/** BERT's cleaning of texts. The JavaScript library takes a Chinese character beyond U+FFFF for two that are none. */
export class BertNormalizer extends Normalizer {
  readonly #settings: BertSettings;

  constructor(settings: BertSettings) {
    super(settings as never);
    this.#settings = settings;
  }

  normalize(text: string): string {
    const { clean_text, handle_chinese_chars, strip_accents, lowercase } = this.#settings;
    let normal = text;
    if (clean_text) normal = normal.replace(REMOVED, "").replace(WHITE_SPACE, " ");
    if (handle_chinese_chars) normal = normal.replace(CHINESE, " $& ");
    if (strip_accents ?? lowercase) normal = normal.normalize("NFD").replace(/\p{Mn}/gu, "");
    return lowercase ? normal.toLowerCase() : normal;
  }
}

/** Control characters other than tab and line ends, and U+FFFD. */
const REMOVED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\uFFFD]/gu;
const WHITE_SPACE = /\p{White_Space}/gu;
const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
