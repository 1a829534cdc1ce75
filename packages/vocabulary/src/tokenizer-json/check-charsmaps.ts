import { RevocabError } from "@revocab/core";
import { readCharsmap } from "../sentencepiece/read-charsmap.ts";
import { badTokenizer } from "./bad-tokenizer.ts";
import { components } from "./components.ts";
import type { ComponentJson } from "./tokenizer-json.ts";

/**
 * Checks every `precompiled_charsmap` of a normalizer: on a missing, cut or wrong one the tokenizers library aborts
 * the whole process. It takes 0.3 s of processor time for T5's, so it is left until that library is needed.
 */
export function checkCharsmaps(normalizer: ComponentJson | undefined, origin: string): void {
  for (const { type, precompiled_charsmap: charsmap } of components(normalizer)) {
    if (type !== "Precompiled") continue;
    if (typeof charsmap !== "string" || charsmap === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(charsmap)) {
      throw badTokenizer(
        origin,
        "normalizer.precompiled_charsmap: found no base64, expected a character map",
      );
    }
    try {
      readCharsmap(Buffer.from(charsmap, "base64"));
    } catch (cause) {
      if (!(cause instanceof RevocabError)) throw cause;
      throw badTokenizer(origin, `normalizer.precompiled_charsmap: ${cause.message}`, { cause });
    }
  }
}
