/**
 * The script of a letter by Unicode's property Script, such as `Latin` or `Old_Persian`; undefined for letters and marks that several
 * scripts share (Common, Inherited), and for what no script of Unicode 15 has.
 */
export function scriptOf(codePoint: number): string | undefined {
  const known = KNOWN.get(codePoint);
  if (known !== undefined) return known ?? undefined;
  const character = String.fromCodePoint(codePoint);
  const script = SCRIPTS.find(({ pattern }) => pattern.test(character))?.name;
  KNOWN.set(codePoint, script ?? null);
  return script;
}

/** The script of all letters of a text; undefined where they are of several, or all shared by several. */
export function scriptOfText(text: string): string | undefined {
  let script: string | undefined;
  for (const character of text) {
    const own = scriptOf(character.codePointAt(0)!);
    if (own === undefined) continue;
    if (script !== undefined && own !== script) return undefined;
    script = own;
  }
  return script;
}

/** Scripts whose texts have no space between words. */
const WITHOUT_SPACES = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"];

/** A letter of a script that is written without spaces between words. */
export const LETTER_WITHOUT_SPACES = new RegExp(
  `[${WITHOUT_SPACES.map((name) => `\\p{Script=${name}}`).join("")}]`,
  "gu",
);

/** What the letters of vocabularies were found to be: a pattern is tested once a character; null for no script. */
const KNOWN = new Map<number, string | null>();

/** The scripts of Unicode 15, those with many tokens first. */
const SCRIPTS = [
  ...[
    "Latin",
    "Han",
    "Cyrillic",
    "Hangul",
    "Arabic",
    "Hiragana",
    "Katakana",
    "Greek",
    "Hebrew",
    "Devanagari",
  ],
  ...["Thai", "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi", "Georgian"],
  ...[
    "Armenian",
    "Khmer",
    "Lao",
    "Myanmar",
    "Sinhala",
    "Ethiopic",
    "Tibetan",
    "Mongolian",
    "Oriya",
    "Thaana",
  ],
  ...["Syriac", "Bopomofo", "Cherokee", "Canadian_Aboriginal", "Tifinagh", "Yi", "Nko", "Adlam", "Javanese"],
  ...["Balinese", "Sundanese", "Tagalog", "Ol_Chiki", "Meetei_Mayek", "Vai", "Osmanya", "Braille", "Coptic"],
  ...["Ahom", "Anatolian_Hieroglyphs", "Avestan", "Bamum", "Bassa_Vah", "Batak", "Bhaiksuki", "Brahmi"],
  ...["Buginese", "Buhid", "Carian", "Caucasian_Albanian", "Chakma", "Cham", "Chorasmian", "Cuneiform"],
  ...["Cypriot", "Cypro_Minoan", "Deseret", "Dives_Akuru", "Dogra", "Duployan", "Egyptian_Hieroglyphs"],
  ...["Elbasan", "Elymaic", "Glagolitic", "Gothic", "Grantha", "Gunjala_Gondi", "Hanifi_Rohingya", "Hanunoo"],
  ...["Hatran", "Imperial_Aramaic", "Inscriptional_Pahlavi", "Inscriptional_Parthian", "Kaithi", "Kawi"],
  ...["Kayah_Li", "Kharoshthi", "Khitan_Small_Script", "Khojki", "Khudawadi", "Lepcha", "Limbu", "Linear_A"],
  ...["Linear_B", "Lisu", "Lycian", "Lydian", "Mahajani", "Makasar", "Mandaic", "Manichaean", "Marchen"],
  ...["Masaram_Gondi", "Medefaidrin", "Mende_Kikakui", "Meroitic_Cursive", "Meroitic_Hieroglyphs", "Miao"],
  ...["Modi", "Mro", "Multani", "Nabataean", "Nag_Mundari", "Nandinagari", "New_Tai_Lue", "Newa", "Nushu"],
  ...["Nyiakeng_Puachue_Hmong", "Ogham", "Old_Hungarian", "Old_Italic", "Old_North_Arabian", "Old_Permic"],
  ...["Old_Persian", "Old_Sogdian", "Old_South_Arabian", "Old_Turkic", "Old_Uyghur", "Osage", "Pahawh_Hmong"],
  ...[
    "Palmyrene",
    "Pau_Cin_Hau",
    "Phags_Pa",
    "Phoenician",
    "Psalter_Pahlavi",
    "Rejang",
    "Runic",
    "Samaritan",
  ],
  ...["Saurashtra", "Sharada", "Shavian", "Siddham", "SignWriting", "Sogdian", "Sora_Sompeng", "Soyombo"],
  ...["Syloti_Nagri", "Tagbanwa", "Tai_Le", "Tai_Tham", "Tai_Viet", "Takri", "Tangsa", "Tangut", "Tirhuta"],
  ...["Toto", "Ugaritic", "Vithkuqi", "Wancho", "Warang_Citi", "Yezidi", "Zanabazar_Square"],
].map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, "u") }));
