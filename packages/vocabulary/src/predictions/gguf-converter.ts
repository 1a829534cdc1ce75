import data from "./gguf-converter.json" with { type: "json" };

/** How the converter reads the tokenizer of an architecture; each takes the folder or leaves it to the next. */
export type ConverterWay =
  | "sentencepiece"
  | "llama-hf"
  | "hash"
  | "wordpiece"
  | "unigram"
  | "xlm-roberta"
  | "own";

/** What convert_hf_to_gguf.py of llama.cpp asks of a tokenizer, written by tools/oracle/gguf-converter.py. */
export interface GgufConverter {
  readonly source: string;
  readonly commit: string;
  /** Of the commit: `2026-07-22`. */
  readonly date: string;
  /** The text whose ids are hashed. */
  readonly checkText: string;
  /** From the hash of these ids to the name of a pre-tokenizer that llama.cpp has. */
  readonly preTokenizers: Readonly<Record<string, string>>;
  /** From ways, in the order in which they are tried, to the architectures that are read so. */
  readonly architectures: Readonly<Record<string, readonly string[]>>;
}

export const GGUF_CONVERTER: GgufConverter = data;

/** How the tokenizer of an architecture is read; undefined for one that the converter does not have. */
export function waysOf(architecture: string): readonly ConverterWay[] | undefined {
  return WAYS.get(architecture);
}

const WAYS: ReadonlyMap<string, readonly ConverterWay[]> = new Map(
  Object.entries(GGUF_CONVERTER.architectures).flatMap(([ways, architectures]) =>
    architectures.map((architecture) => [architecture, ways.split(" ") as ConverterWay[]]),
  ),
);
