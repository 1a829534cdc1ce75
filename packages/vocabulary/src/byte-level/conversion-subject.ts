import type { Notation } from "../notation.ts";
import type { Tokenizer } from "../tokenizer.ts";
import type { TokenizerDocument } from "./tokenizer-document.ts";

/** A tokenizer to convert: as it is known, as its file has it, and how that writes bytes. */
export interface ConversionSubject {
  readonly tokenizer: Tokenizer;
  readonly document: TokenizerDocument;
  readonly notation: Notation;
}
