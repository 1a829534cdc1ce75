/**
 * Components of a tokenizer.json as the tokenizers library knows them, with options that are legal, at an edge of what is
 * legal, or just beyond. A part of the document at `random`'s choice is replaced by one of them.
 */
export function mutateComponents(random, document) {
  const mutant = structuredClone(document);
  for (let changes = 1 + random.skewed(4); changes > 0; changes--) random.pick(CHANGES)(random, mutant);
  return mutant;
}

const CHANGES = [
  (random, mutant) => {
    mutant.normalizer = normalizer(random);
  },
  (random, mutant) => {
    mutant.normalizer = normalizer(random);
  },
  (random, mutant) => {
    mutant.pre_tokenizer = preTokenizer(random);
  },
  (random, mutant) => {
    mutant.pre_tokenizer = preTokenizer(random);
  },
  (random, mutant) => {
    mutant.decoder = decoder(random);
  },
  (random, mutant) => {
    mutant.post_processor = postProcessor(random);
  },
  changeModel,
  changeModel,
  (random, mutant) => {
    mutant.added_tokens = addedTokens(random, mutant.added_tokens);
  },
  (random, mutant) => {
    mutant.truncation = {
      direction: random.pick(["Right", "Left"]),
      max_length: edge(random),
      strategy: random.pick(["LongestFirst", "OnlyFirst", "OnlySecond"]),
      stride: edge(random),
    };
  },
  (random, mutant) => {
    mutant.padding = {
      strategy: random.pick(["BatchLongest", { Fixed: edge(random) }]),
      direction: random.pick(["Right", "Left"]),
      pad_to_multiple_of: random.pick([null, edge(random)]),
      pad_id: edge(random),
      pad_type_id: edge(random),
      pad_token: text(random),
    };
  },
];

/** Any component that may stand in `normalizer`. */
export function normalizer(random, depth = 0) {
  return random.pick([
    () => ({
      type: "BertNormalizer",
      clean_text: flag(random),
      handle_chinese_chars: flag(random),
      strip_accents: random.pick([null, true, false]),
      lowercase: flag(random),
    }),
    () => ({ type: "Strip", strip_left: flag(random), strip_right: flag(random) }),
    () => ({
      type: random.pick(["NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents", "ByteLevel"]),
    }),
    () => ({ type: "Replace", pattern: pattern(random), content: text(random) }),
    () => ({ type: "Replace", pattern: pattern(random), content: text(random) }),
    () => ({ type: "Prepend", prepend: text(random) }),
    () => ({ type: "Precompiled", precompiled_charsmap: charsmap(random) }),
    () =>
      depth > 2
        ? null
        : {
            type: "Sequence",
            normalizers: random.many(random.below(4), () => normalizer(random, depth + 1)),
          },
  ])();
}

/** Any component that may stand in `pre_tokenizer`. */
export function preTokenizer(random, depth = 0) {
  return random.pick([
    () => ({ type: "BertPreTokenizer" }),
    () => ({
      type: "ByteLevel",
      add_prefix_space: flag(random),
      trim_offsets: flag(random),
      use_regex: flag(random),
    }),
    () => ({ type: "CharDelimiterSplit", delimiter: random.pick(["a", " ", "▁", "", "ab", "😀", "\u0000"]) }),
    () => metaspace(random),
    () => ({ type: random.pick(["Whitespace", "WhitespaceSplit", "UnicodeScripts"]) }),
    () => ({ type: "Split", pattern: pattern(random), behavior: behavior(random), invert: flag(random) }),
    () => ({ type: "Split", pattern: pattern(random), behavior: behavior(random), invert: flag(random) }),
    () => ({ type: "Punctuation", behavior: behavior(random) }),
    () => ({ type: "Digits", individual_digits: flag(random) }),
    () => ({ type: "FixedLength", length: edge(random) }),
    () =>
      depth > 2
        ? null
        : {
            type: "Sequence",
            pretokenizers: random.many(random.below(4), () => preTokenizer(random, depth + 1)),
          },
  ])();
}

/** Any component that may stand in `decoder`. */
export function decoder(random, depth = 0) {
  return random.pick([
    () => ({ type: "BPEDecoder", suffix: text(random) }),
    () => ({
      type: "ByteLevel",
      add_prefix_space: flag(random),
      trim_offsets: flag(random),
      use_regex: flag(random),
    }),
    () => ({ type: "WordPiece", prefix: text(random), cleanup: flag(random) }),
    () => metaspace(random),
    () => ({
      type: "CTC",
      pad_token: text(random),
      word_delimiter_token: text(random),
      cleanup: flag(random),
    }),
    () => ({ type: random.pick(["Fuse", "ByteFallback"]) }),
    () => ({
      type: "Strip",
      content: random.pick([" ", "a", "", "ab", "▁"]),
      start: edge(random),
      stop: edge(random),
    }),
    () => ({ type: "Replace", pattern: pattern(random), content: text(random) }),
    () =>
      depth > 2
        ? null
        : { type: "Sequence", decoders: random.many(random.below(4), () => decoder(random, depth + 1)) },
  ])();
}

/** Any component that may stand in `post_processor`. */
export function postProcessor(random, depth = 0) {
  const pair = () => [text(random), edge(random)];
  return random.pick([
    () => ({ type: "BertProcessing", sep: pair(), cls: pair() }),
    () => ({
      type: "RobertaProcessing",
      sep: pair(),
      cls: pair(),
      trim_offsets: flag(random),
      add_prefix_space: flag(random),
    }),
    () => ({
      type: "ByteLevel",
      add_prefix_space: flag(random),
      trim_offsets: flag(random),
      use_regex: flag(random),
    }),
    () => template(random),
    () =>
      depth > 2
        ? null
        : {
            type: "Sequence",
            processors: random.many(random.below(4), () => postProcessor(random, depth + 1)),
          },
  ])();
}

function template(random) {
  const token = text(random);
  const piece = () =>
    random.pick([
      { SpecialToken: { id: token, type_id: edge(random) } },
      { Sequence: { id: random.pick(["A", "B", "A", "C"]), type_id: random.pick([0, 1, edge(random)]) } },
    ]);
  return {
    type: "TemplateProcessing",
    single: random.many(random.below(5), piece),
    pair: random.many(random.below(6), piece),
    special_tokens: random.oneIn(4)
      ? {}
      : {
          [token]: {
            id: token,
            ids: random.many(random.below(3), () => edge(random)),
            tokens: random.many(random.below(3), () => text(random)),
          },
        },
  };
}

function changeModel(random, mutant) {
  const { model } = mutant;
  random.pick([
    () => {
      model.unk_token = random.pick([null, text(random), "<unk>", "[UNK]"]);
    },
    () => {
      model.unk_id = random.pick([null, edge(random)]);
    },
    () => {
      model.continuing_subword_prefix = random.pick([null, text(random)]);
    },
    () => {
      model.end_of_word_suffix = random.pick([null, text(random)]);
    },
    () => {
      model.dropout = random.pick([0, 0.5, 1, -1, 2, 1e-30]);
    },
    () => {
      model.max_input_chars_per_word = edge(random);
    },
    () => {
      for (const key of ["fuse_unk", "byte_fallback", "ignore_merges"]) model[key] = flag(random);
    },
    () => addPiece(random, model),
    () => addPiece(random, model),
    () => {
      if (model.merges)
        model.merges = random.many(random.below(40), () =>
          random.pick([
            [text(random), text(random)],
            random.pick(model.merges),
            `${text(random)} ${text(random)}`,
          ]),
        );
    },
    () => {
      model.vocab = Array.isArray(model.vocab) ? model.vocab.slice(0, random.below(4)) : {};
    },
    () => {
      delete model.type;
    },
  ])();
}

function addPiece(random, model) {
  const piece = random.oneIn(30) ? "a".repeat(300_000) : text(random);
  if (Array.isArray(model.vocab))
    model.vocab.splice(random.below(model.vocab.length), 0, [
      piece,
      random.pick([0, -1, 1, -1e30, 1e30, 1e308, -5e-324]),
    ]);
  else model.vocab[piece] = random.pick([edge(random), Object.keys(model.vocab).length]);
}

function addedTokens(random, tokens) {
  const token = () => ({
    id: random.pick([edge(random), random.below(400), tokens.length]),
    content: random.pick([text(random), " ", "the", "▁", "Ġ"]),
    single_word: flag(random),
    lstrip: flag(random),
    rstrip: flag(random),
    normalized: flag(random),
    special: flag(random),
  });
  return [...tokens, ...random.many(1 + random.below(3), token)];
}

function metaspace(random) {
  return {
    type: "Metaspace",
    replacement: random.pick(["▁", "_", " ", "", "ab", "😀"]),
    prepend_scheme: random.pick(["always", "never", "first"]),
    split: flag(random),
    ...(random.oneIn(4) && { add_prefix_space: flag(random), str_rep: "▁" }),
  };
}

function pattern(random) {
  return random.oneIn(3) ? { String: text(random) } : { Regex: regex(random) };
}

function regex(random) {
  return random.oneIn(3)
    ? random.pick(REGEXES)
    : random
        .many(1 + random.below(4), () => random.pick(ATOMS) + random.pick(QUANTIFIERS))
        .join(random.pick(["", "", "|"]));
}

/** Empty, nullable, looking around, huge, wrong, and those on which a backtracking engine takes exponential time. */
const REGEXES = [
  "",
  "a*",
  "(?:)",
  "^",
  "$",
  "\\b",
  "(?=a)",
  "(?!a)",
  "(?<=a)",
  "|",
  "x?|",
  "(\\p{L}+\\p{L}+)+\\d",
  "(a+)+$",
  "(a|a)*b",
  "(a|aa)+$",
  "(.*)*x",
  "(\\w+\\s?)*!x",
  "([a-z]+)*\\d",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(x+x+)+y",
  "a{0,100000}",
  "((a{1,100}){1,100}){1,100}",
  "(?:a{1000}){1000}",
  "(",
  ")",
  "[",
  "[^]",
  "*",
  "\\",
  "(?<n>a)\\k<n>",
  "\\1",
  "(a)\\1*",
  "(?i:ſ)",
  "\\p{Nope}",
  "\\X",
  "\\G",
  "\\K",
  "(?R)",
  "(?<r>a\\g<r>?b)",
  "(?<r>\\g<r>)",
  "[\\s\\S]",
  "\\x{110000}",
  "(?~a)",
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
  "(".repeat(3000) + ")".repeat(3000),
  "a?".repeat(30) + "a".repeat(30),
];
const ATOMS = [
  "a",
  ".",
  "\\s",
  "\\p{L}",
  "\\w",
  "[a-z]",
  "(a|b)",
  "(a*)",
  "(?:x|)",
  "(\\w+)",
  "\\d",
  "(?=a)",
  "(?<!a)",
  "^",
  "$",
  " ",
  "▁",
  "\\R",
];
const QUANTIFIERS = ["", "", "", "*", "+", "?", "*?", "++", "{2}", "{0}", "{0,3}", "{1,1000}"];

/** A precompiled charsmap: a double-array of units behind its length, then the replacements. Mostly small and broken. */
function charsmap(random) {
  const trie = random.many(random.pick([0, 1, 2, 256, 1024]), () =>
    random.pick([0, 0x100, 0x400, 0x80000000, 0xffffffff, random.below(2 ** 32)]),
  );
  const replacements = Buffer.from(
    random.pick([
      [],
      [0],
      [0x61, 0],
      [0xff, 0xfe, 0],
      [0xed, 0xa0, 0x80, 0],
      [0xe2, 0x82],
      random.many(random.below(40), () => random.below(256)),
    ]),
  );
  const bytes = Buffer.alloc(4 + 4 * trie.length + replacements.length);
  bytes.writeUInt32LE(random.pick([4 * trie.length, 4 * trie.length, 0, 3, 0xffffffff, bytes.length]), 0);
  trie.forEach((unit, place) => {
    bytes.writeUInt32LE(unit, 4 + 4 * place);
  });
  replacements.copy(bytes, 4 + 4 * trie.length);
  return random.pick([
    bytes.toString("base64"),
    bytes.toString("base64"),
    "",
    "!",
    null,
    bytes.toString("base64").slice(0, -3),
  ]);
}

function flag(random) {
  return random.oneIn(2);
}

function edge(random) {
  return random.pick([0, 0, 1, 2, 3, 5, 255, 300, 2 ** 16, 2 ** 22, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 32, -1]);
}

function behavior(random) {
  return random.pick(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]);
}

function text(random) {
  return random.pick([
    "",
    " ",
    "a",
    "the",
    "▁",
    "Ġ",
    "##",
    "</w>",
    "<unk>",
    "<s>",
    "[UNK]",
    "<0x41>",
    "<0xFF>",
    "ä",
    "e\u0301",
    "語",
    "😀",
    "\u0000",
    "\u001b[2J",
    "\ufffd",
    "\ufeff",
    "\u202e",
    "ab ",
    "  ",
    "\n",
    "$0",
    "\\1",
    "x".repeat(1000),
  ]);
}
