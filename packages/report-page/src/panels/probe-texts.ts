import { addedTokensOf, type Tokenizer } from "@revocab/vocabulary";

/**
 * Texts on which tokenizers in JavaScript and in Rust are known to differ, or could: scripts, white space, digits, marks that
 * normalizers change, emoji, code, the tokenizer's own added tokens inside texts.
 */
export function probeTexts(tokenizer: Tokenizer): readonly string[] {
  const added = addedTokensOf(tokenizer)
    .slice(0, MOST_ADDED)
    .flatMap(({ content }) => [`a${content}b`, `A ${content} B\n${content}`, content.toUpperCase()]);
  return [...HARD_TEXTS, ...added];
}

const MOST_ADDED = 40;

const HARD_TEXTS: readonly string[] = [
  "",
  " ",
  "  ",
  "\n",
  "\n\n",
  "\t",
  " \n \t ",
  "Hello, world!",
  " Hello",
  "Hello ",
  "Hello   world    again",
  "It's what we'll say, they've said, I'M, DON'T, o'clock.",
  "camelCase snake_case SCREAMING kebab-case HTTPServer2Go",
  "The year 1984, 12345678 and 3.14159e-10; 1,000,000.00 €; ½ ² ٣٤٥ ४५६",
  "a1b22c333d4444",
  'def f(x):\n    return {"a": x ** 2}  # comment\n\n\tif x:\r\n\t\tpass\r\n',
  "if (a<b && c>d) { x[i]++; } // ---- ====",
  "...!!!???---___***\u2026\u2014\u2013",
  "\u201cquoted\u201d \u2018single\u2019 \u00abguillemets\u00bb",
  "Größe Straße ÄÖÜ äöü ẞ",
  "Åse café naïve cafe\u0301 nai\u0308ve A\u030Ase",
  "Việt Nam Tiếng Việt",
  "\uFB01ne o\uFB03ce \u2460 \u2163 \uFF21\uFF22\uFF23 \uFF11\uFF12 ㌔ ㎏ \u00BC \u2122 \uFF5E ~",
  "Привет, мир! Ёжик",
  "Γειά σου Κόσμε",
  "שלום עולם שָׁלוֹם",
  "مرحبا بالعالم مُحَمَّد",
  "नमस्ते दुनिया क्षत्रिय",
  "สวัสดีชาวโลก",
  "မင်္ဂလာပါ ကမ္ဘာ",
  "你好，世界。こんにちは世界！カタカナ ｶﾀｶﾅ",
  "안녕하세요 \u1100\u1161\u11A8",
  "𠀀𠮷野家 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈",
  "😀 👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️ ☺",
  "nbsp\u00A0 en\u2002 ideo\u3000 zwsp\u200B zwj\u200D bom\uFEFF ls\u2028 ps\u2029 nel\u0085 vt\u000B ff\u000C",
  "rtl \u200Fmark\u202E override\u202C soft\u00ADhyphen \u2581 ▁▁ ## Ġ Ċ",
  "nul\u0000 bell\u0007 esc\u001B[31m del\u007F c1\u0090 repl\uFFFD",
  "lone \uD800 and \uDC00 surrogates",
  "</script><img src=x onerror=alert(1)>",
  "https://example.org/a/b?c=d&e=%20#f user@example.org",
  "x".repeat(120),
  `${"ab ".repeat(40)}`,
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbb",
  "private \uE000 unassigned \u0378 noncharacter \uFFFE",
];
