import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { added, bpeModel, byteLevel, numbered, tokenizerJson } from "./tokenizer-json.ts";

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
  return tokenizerJson({
    added: [added(tokens.length - 1, END)],
    preTokenizer: byteLevel(false),
    decoder: byteLevel(true),
    model: bpeModel(
      numbered(tokens),
      merges.map((merge) => merge.split(" ")),
    ),
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
