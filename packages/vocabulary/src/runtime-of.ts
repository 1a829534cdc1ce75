import { createRequire } from "node:module";
import { RevocabError, type TokenId } from "@revocab/core";
import type * as Library from "tokenizers";
import type { Tokenizer } from "./tokenizer.ts";
import { badTokenizer } from "./tokenizer-json/bad-tokenizer.ts";
import { checkCharsmaps } from "./tokenizer-json/check-charsmaps.ts";
import type { TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";

/** Runs the tokenizer in the Rust library, which is loaded at the first use: it takes as long as all the rest. */
export function runtimeOf(
  { bytes, normalizer: normalizerJson }: TokenizerJson,
  origin: string,
): Pick<Tokenizer, "encode" | "encodeWithSpecials" | "decode" | "normalize"> {
  let loaded: Library.Tokenizer | undefined;
  let normalizer: Library.Normalizer | null | undefined;
  const load = (): Library.Tokenizer => {
    if (loaded === undefined) {
      checkCharsmaps(normalizerJson, origin);
      // An import of the native binding at the top would cost every user of this package 20 ms and the binding.
      const { Tokenizer } = require("tokenizers") as typeof Library;
      try {
        loaded = Tokenizer.fromString(new TextDecoder().decode(bytes));
        // Files saved from a training run may cut every text at 512 ids, or pad it.
        loaded.disableTruncation();
        loaded.disablePadding();
      } catch (cause) {
        throw badTokenizer(origin, `the tokenizers library refuses it: ${(cause as Error).message}`, {
          cause,
        });
      }
    }
    return loaded;
  };
  return {
    async encode(text) {
      const encoding = await load()
        .encode(text, null, { addSpecialTokens: false })
        .catch((cause: Error) => refused(cause, origin));
      return Uint32Array.from(encoding.getIds());
    },
    async encodeWithSpecials(text, pair) {
      const encoding = await load()
        .encode(text, pair ?? null, { addSpecialTokens: true })
        .catch((cause: Error) => refused(cause, origin));
      return { ids: Uint32Array.from(encoding.getIds()), typeIds: Uint8Array.from(encoding.getTypeIds()) };
    },
    async decode(ids: Uint32Array | readonly TokenId[]) {
      return load().decode([...ids], false);
    },
    normalize(text) {
      if (normalizer === undefined) normalizer = load().getNormalizer();
      return normalizer === null ? text : normalizer.normalizeString(text);
    },
  };
}

const require = createRequire(import.meta.url);

/** A tokenizer without an unknown entry refuses a text that it cannot write. */
function refused(cause: Error, origin: string): never {
  if (!/unk_id` is missing|missing \[UNK\]|unk token .* not found/i.test(cause.message)) throw cause;
  throw new RevocabError(
    "unknown_text",
    `${origin}: found a text that the tokenizer cannot write, for it has no unknown token`,
    { cause },
  );
}
