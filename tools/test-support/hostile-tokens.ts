import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inByteAlphabet } from "@revocab/vocabulary/internal";
import { added, bpeModel, numbered, tokenizerJson } from "./tokenizer-json.ts";

/** Texts that do harm wherever they are taken for anything but text. */
export const HOSTILE_TEXTS: readonly string[] = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<!--",
  "]]>",
  "&lt;b&gt;&#x3c;i&#62;",
  '"\' onmouseover="alert(1)',
  "javascript:alert(1)",
  "[x](javascript:alert(1))",
  "![x](https://x.invalid/x.png)",
  "https://x.invalid/",
  "| a | b |",
  "```",
  "~~~\n# heading\n~~~",
  "\n\n# heading\n\n---\n",
  "{{constructor.constructor('alert(1)')()}}",
  "\u0000",
  "\u001b[2J\u001b]0;title\u0007",
  "\u009b31m",
  "\r\n\t\b\u007f",
  "\u202edesrever\u202c",
  "\u2066\u2069\u200e\u200f",
  "\u2028\u2029",
  "\ufeff\ufffe",
];

/** The bytes of half a surrogate pair, and others that are no UTF-8. */
const HOSTILE_BYTES: readonly (readonly number[])[] = [
  [0xed, 0xa0, 0x80],
  [0xed, 0xb0, 0x80],
  [0xff, 0xfe],
  [0xc0, 0xbc], // an overlong `<`
  [0xe2, 0x80], // the beginning of a mark
];

/** A character that may stand in a text, but in no file: half a surrogate pair. */
export const LONE_SURROGATE = "\ud800";

/** What no line of text that is shown may hold: control and format characters, half pairs, separators of lines. */
export const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * A folder with a byte-level BPE whose tokens are hostile: each of {@link HOSTILE_TEXTS} as a token of the model, with a space
 * before it, and as a special; and tokens of bytes that are no text.
 */
export function writeHostileTokenizer(folder: string): string {
  const bytes = Array.from({ length: 256 }, (_, byte) => [byte]);
  const texts = HOSTILE_TEXTS.flatMap((text) => [text, ` ${text}`].map((one) => [...Buffer.from(one)]));
  const pieces = new Set(
    [...bytes, ...texts, ...HOSTILE_BYTES].map((piece) => inByteAlphabet(Uint8Array.from(piece))),
  );
  const specials = HOSTILE_TEXTS.map((text, i) => added(pieces.size + i, `<${text}>`));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "tokenizer.json"),
    tokenizerJson({
      model: bpeModel(numbered(pieces), []),
      added: specials,
      preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    }),
  );
  writeFileSync(
    join(folder, "tokenizer_config.json"),
    JSON.stringify({
      tokenizer_class: "PreTrainedTokenizerFast",
      eos_token: `<${HOSTILE_TEXTS[0]}>`,
      pad_token: `<${HOSTILE_TEXTS[1]}>`,
      chat_template: `{% for m in messages %}</script><img src=x onerror=alert(1)>{{ m.content }}{% endfor %}`,
    }),
  );
  return folder;
}
