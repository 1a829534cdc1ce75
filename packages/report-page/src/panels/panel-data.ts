/** The data of panels as JSON, as the page's scripts get it. */

/** Numbers or bytes: little-endian, deflated, in base64. */
export type Packed = string;

/** What the ids of a vocabulary stand for. */
export interface PackedVocabulary {
  readonly size: number;
  /** [size] u8 places in {@link KINDS}. */
  readonly kinds: Packed;
  /** [size] u16 lengths of the tokens, in bytes. */
  readonly lengths: Packed;
  /** The bytes of all tokens, one after the other; of a special token those of its string. */
  readonly bytes: Packed;
}

export const KINDS = ["text", "byte", "special", "unused"] as const;

/** What the text box of a page takes, in UTF-16 units: the JavaScript library's Unigram takes time by the square of it. */
export const LONGEST_TEXT = 5_000;

export interface TokenizersData {
  /** Shown first; the reader may choose among them and type others. */
  readonly texts: readonly string[];
  readonly tokenizers: readonly TokenizerData[];
}

export interface TokenizerData {
  readonly name: string;
  readonly vocabulary: PackedVocabulary;
  /** Its tokenizer.json, as UTF-8. Not there if the page cannot encode as the tokenizers library does. */
  readonly json?: Packed;
  /** Why `json` is not there, in a sentence. */
  readonly refusal?: string;
  /** The ids that the tokenizers library gives each of the texts; null where it refuses a text. */
  readonly encoded: readonly (readonly number[] | null)[];
}

export interface VocabulariesData {
  readonly vocabularies: readonly {
    readonly name: string;
    readonly vocabulary: PackedVocabulary;
    readonly classes?: PackedClasses;
    /** Its tokens in those of each other vocabulary, in their order. */
    readonly counterparts: readonly PackedLists[];
  }[];
}

/** A list of ids for each id; most have one or a few. */
export interface PackedLists {
  /** [size] u32 how many each has. */
  readonly counts: Packed;
  /** u32, list after list. */
  readonly ids: Packed;
}

export interface PackedClasses {
  readonly names: readonly string[];
  /** [size] u8 places in `names`. */
  readonly of: Packed;
}

export interface RowsData {
  /** What the rows stand for. */
  readonly vocabulary: PackedVocabulary;
  readonly points?: PackedPoints;
  readonly nearest?: PackedNearest;
  readonly origins?: PackedOrigins;
}

/** Rows on a plane. */
export interface PackedPoints {
  readonly axes: readonly [string, string];
  readonly series: readonly string[];
  /** [n] u32 */
  readonly ids: Packed;
  /** [n] f32 */
  readonly x: Packed;
  /** [n] f32 */
  readonly y: Packed;
  /** [n] u8 places in `series`. */
  readonly seriesOf: Packed;
}

/** The nearest rows of some rows, nearest first. */
export interface PackedNearest {
  /** What the similarities are. */
  readonly measure: string;
  /** Per row. */
  readonly count: number;
  /** [n] u32 */
  readonly ids: Packed;
  /** [n × count] u32 */
  readonly neighbors: Packed;
  /** [n × count] f32 */
  readonly similarities: Packed;
}

/** How each row was computed: where it is from, and its weights of source rows. */
export interface PackedOrigins {
  readonly names: readonly string[];
  /** [size] u8 places in `names`. */
  readonly of: Packed;
  /** [size] u32 how many source rows each has. */
  readonly counts: Packed;
  /** u32 ids of source tokens, row after row; ids beyond the vocabulary are basis rows. */
  readonly sources: Packed;
  /** f32 */
  readonly weights: Packed;
  readonly sourceVocabulary: PackedVocabulary;
}
