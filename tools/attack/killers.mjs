import { added } from "./seeds/small-tokenizers.mjs";

const LONG = 300_000;
const regex = (pattern) => ({ Regex: pattern });

/** What is known to abort, crash or never end in the tokenizers library 0.23.2, by name: each changes a whole document. */
export const KILLERS = {
  "FixedLength of 0": (document) => ({ ...document, pre_tokenizer: { type: "FixedLength", length: 0 } }),
  "a Unigram piece of 300,000 characters": (document) => ({
    ...document,
    model: {
      type: "Unigram",
      unk_id: 0,
      vocab: [
        ["<unk>", 0],
        ["a", -1],
        ["a".repeat(LONG), -2],
      ],
    },
  }),
  "Replace of an empty regex": (document) => ({
    ...document,
    normalizer: { type: "Replace", pattern: regex(""), content: "x" },
  }),
  "Replace of a nullable regex": (document) => ({
    ...document,
    normalizer: { type: "Replace", pattern: regex("q*"), content: "xy" },
  }),
  "Replace of an empty text": (document) => ({
    ...document,
    normalizer: { type: "Replace", pattern: { String: "" }, content: "xy" },
  }),
  "a regex of exponential time": (document) => ({
    ...document,
    pre_tokenizer: {
      type: "Split",
      pattern: regex("(\\p{L}+\\p{L}+)+\\d"),
      behavior: "Isolated",
      invert: false,
    },
  }),
  "a regex of exponential time in a normalizer": (document) => ({
    ...document,
    normalizer: { type: "Replace", pattern: regex("(a|aa)+$"), content: "b" },
  }),
  "a charsmap with replacements that are no UTF-8": (document) => ({
    ...document,
    normalizer: { type: "Precompiled", precompiled_charsmap: charsmapWith([0x61, 0, 0xff, 0xfe, 0]) },
  }),
  "a charsmap that is none": (document) => ({
    ...document,
    normalizer: {
      type: "Precompiled",
      precompiled_charsmap: Buffer.from([0xff, 0xff, 0, 0, 1]).toString("base64"),
    },
  }),
  "an added token of one space with rstrip": (document) => ({
    ...document,
    added_tokens: [...document.added_tokens, { ...added(299, " "), special: false, rstrip: true }],
  }),
  "a decoder that strips more than there is": (document) => ({
    ...document,
    decoder: { type: "Strip", content: "a", start: 0, stop: 5 },
  }),
  "a template with a second text where there is one": (document) => ({
    ...document,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: {},
    },
  }),
};

/** A charsmap of one unit that maps nothing, with these replacements. */
function charsmapWith(replacements) {
  const bytes = Buffer.alloc(4 + 1024 + replacements.length);
  bytes.writeUInt32LE(1024, 0);
  Buffer.from(replacements).copy(bytes, 4 + 1024);
  return bytes.toString("base64");
}
