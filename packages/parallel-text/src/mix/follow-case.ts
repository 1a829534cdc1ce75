export interface CasedWord {
  /** As the line has it. */
  readonly found: string;
  /** As the dictionary has it. */
  readonly written: string;
  /** It opens the line. */
  readonly isFirst: boolean;
}

/**
 * A translation in the case of the word it stands in for. What stands in the line as in the dictionary is translated as the
 * dictionary has it, so that German nouns keep their capital.
 *
 * Example, of `dog → Hund` and `free → frei`: dog → Hund · DOG → HUND · Free → Frei · FREE → FREI.
 */
export function followCase(translation: string, { found, written, isFirst }: CasedWord): string {
  if (found === written) return isFirst && isTitle(found) ? titled(translation) : translation;
  if (isUpper(found)) return translation.toUpperCase();
  if (isTitle(found)) return titled(translation);
  return found === found.toLowerCase() ? translation.toLowerCase() : translation;
}

/** One capital alone is a title: "A" at the head of a line. */
function isUpper(word: string): boolean {
  const capitals = word.match(/\p{Lu}/gu) ?? [];
  return capitals.length > 1 && word === word.toUpperCase();
}

function isTitle(word: string): boolean {
  return /^\p{Lu}/u.test(word);
}

/** The first letter alone: "free of charge" → "Free of charge". */
function titled(words: string): string {
  const [first] = words;
  return first.toUpperCase() + words.slice(first.length);
}
