import { RevocabError, showMessage, type TokenId } from "@revocab/core";
import { ProcessDied } from "@revocab/guarded-process";
import { readCharsmap } from "../sentencepiece/read-charsmap.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { badTokenizer } from "../tokenizer-json/json-file.ts";
import { type ComponentJson, components, type TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";
import { type LibraryTokenizer, libraryQueue } from "./library-queue.ts";
import type { Answers, BatchType, Items } from "./messages.ts";

/** The methods of a tokenizer that the Rust library carries out. */
type TokenizerRuntime = Pick<
  Tokenizer,
  "encode" | "encodeWithSpecials" | "encodeWords" | "decode" | "normalize" | "cut"
>;

/** Runs the tokenizer with the Rust library, in a process that is started at the first use. */
export function runtimeOf({ bytes, normalizer }: TokenizerJson, origin: string): TokenizerRuntime {
  const tokenizer: LibraryTokenizer = { key: nextKey++, json: bytes, failure: undefined };

  let isChecked = false;
  const ask = async <Type extends BatchType>(
    type: Type,
    item: Items[Type],
    size: number,
  ): Promise<Answers[Type]> => {
    if (!isChecked) checkCharsmaps(normalizer, origin);
    isChecked = true;
    const found = await libraryQueue.ask(tokenizer, type, item, size).catch((cause: unknown) => {
      if (cause instanceof RevocabError) throw cause;
      const [problem, hint] =
        cause instanceof ProcessDied ? ["did not survive it", DIED_HINT] : ["refuses it"];
      throw badTokenizer(
        origin,
        `the tokenizers library ${problem}: ${showMessage((cause as Error).message, 200)}`,
        { cause, hint },
      );
    });
    if ("answer" in found) return found.answer;
    if (NO_UNKNOWN_ENTRY.test(found.refusal)) {
      throw new RevocabError(
        "unknown_text",
        `${origin}: the text has characters without a token, and no unknown token`,
        {
          hint: "use a text that the tokenizer can write, or a tokenizer with an unknown token",
        },
      );
    }
    throw badTokenizer(origin, `the tokenizers library refuses a text: ${showMessage(found.refusal, 200)}`);
  };
  const runtime: TokenizerRuntime = {
    async encode(text) {
      return ask("encode", text, text.length);
    },
    async encodeWithSpecials(text, pair) {
      const size = text.length + (pair?.length ?? 0);
      return ask("frame", pair === undefined ? [text] : [text, pair], size);
    },
    async encodeWords(text) {
      return ask("words", text, text.length);
    },
    async decode(ids: Uint32Array | readonly TokenId[]) {
      return ask("decode", Array.from(ids), ids.length);
    },
    async normalize(text) {
      return ask("normalize", text, text.length);
    },
    async cut(text) {
      return ask("cut", text, text.length);
    },
  };
  unused.register(tokenizer, { key: tokenizer.key, bytes: bytes.length });
  return runtime;
}

let nextKey = 0;
/** Reports tokenizers that are no longer referenced, so that the process can drop them. */
const unused = new FinalizationRegistry<{ readonly key: number; readonly bytes: number }>((one) =>
  libraryQueue.forget(one),
);

const DIED_HINT =
  "take the file from where it was published; where the machine ran out of memory, run again with less beside it";

/** The library's messages for a text with a character without a token, if the model has no unknown token. */
const NO_UNKNOWN_ENTRY = /`unk_id` is missing|missing \[UNK\]|unk token .* not found/i;

/**
 * Checks every `precompiled_charsmap` of a normalizer: on a missing, truncated or wrong one the tokenizers library aborts the
 * whole process. For T5's this takes 0.3 s of processor time, so it is done only when the library is used.
 */
function checkCharsmaps(normalizer: ComponentJson | undefined, origin: string): void {
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
