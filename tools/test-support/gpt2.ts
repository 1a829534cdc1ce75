import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";

/**
 * GPT-2's own tokenizer.json: 256 bytes, 50,000 merges, `<|endoftext|>`. The repository ships its merges alone (see
 * gpt2/README.md), for they say all: each makes one token, in the order of the ids.
 */
export function gpt2TokenizerJson(): string {
  const merges = brotliDecompressSync(readFileSync(new URL("gpt2/merges.txt.br", import.meta.url)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  const tokens = [...byteCharacters(), ...merges.map((merge) => merge.replace(" ", "")), END];
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: tokens.length - 1,
        content: END,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((merge) => merge.split(" ")),
    },
  });
}

const END = "<|endoftext|>";

/** GPT-2 numbers the printable bytes first, then the others, which it writes from U+0100 on. */
function byteCharacters(): string[] {
  const printable = [...range(0x21, 0x7f), ...range(0xa1, 0xad), ...range(0xae, 0x100)];
  const others = 256 - printable.length;
  return [...printable, ...range(0x100, 0x100 + others)].map((code) => String.fromCharCode(code));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, place) => from + place);
}

/** 46 hard texts and the ids that GPT-2 gives them: white space of all kinds, digits, emoji, scripts without spaces. */
export function gpt2Vectors(): { readonly text: string; readonly ids: readonly number[] }[] {
  const read = (name: string) => readFileSync(new URL(`gpt2/${name}`, import.meta.url), "utf8");
  // Each text is followed by the separator, so nothing comes after the last.
  const texts = read("vectors.inp").split("\n__ggml_vocab_test__\n").slice(0, -1);
  const lines = read("vectors.out").split("\n");
  return texts.map((text, place) => ({ text, ids: lines[place]!.split(" ").filter(Boolean).map(Number) }));
}
