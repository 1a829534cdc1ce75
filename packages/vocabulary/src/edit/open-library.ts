import { createRequire } from "node:module";
import type { TokenId } from "@revocab/core";
import type * as Library from "tokenizers";
import type { Tokenizer } from "../tokenizer.ts";

/** A tokenizer in the Rust library, with the words it cuts a text into. */
export interface OpenLibrary {
  /** The words that the pre-tokenizer cuts a normalized text into, as the library writes them. */
  cut(normalText: string): readonly string[];
  /** The ids of the texts, cut where the pre-tokenizer cuts them. */
  encodeWords(texts: readonly string[]): Promise<TokenId[][]>;
}

/** `tokenizer.json` was checked when the tokenizer was made. */
export function openLibrary({ files }: Tokenizer): OpenLibrary {
  const { Tokenizer: LibraryTokenizer } = require("tokenizers") as typeof Library;
  const library = LibraryTokenizer.fromString(new TextDecoder().decode(files.get("tokenizer.json")!));
  library.disableTruncation();
  library.disablePadding();
  const preTokenizer = library.getPreTokenizer();
  return {
    cut: (text) =>
      preTokenizer === null ? [text] : preTokenizer.preTokenizeString(text).map(([word]) => word),
    async encodeWords(texts) {
      const words: TokenId[][] = [];
      for (const encoding of await library.encodeBatch([...texts], { addSpecialTokens: false })) {
        const wordIds = encoding.getWordIds();
        encoding.getIds().forEach((id, place) => {
          if (place === 0 || wordIds[place] !== wordIds[place - 1]) words.push([]);
          words.at(-1)!.push(id);
        });
      }
      return words;
    },
  };
}

const require = createRequire(import.meta.url);
