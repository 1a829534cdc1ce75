const WHITESPACE = ["Ġ", "Ċ", "ĉ"] as const;

/** How many spaces, line ends and tabs a token in GPT-2's alphabet holds. */
export function countWhitespace(form: string): number {
  let count = 0;
  for (const character of form) if ((WHITESPACE as readonly string[]).includes(character)) count++;
  return count;
}

/**
 * Gives every tokenizer the same tokens of white space: one of the three characters, then up to 15 of one of them. Others
 * with more than one of these characters, and tokens of nothing but blanks, become unused.
 * @see https://arxiv.org/abs/2405.07883 (the reference's `make_whitespace_consistent`)
 */
export function nameWhitespaceRuns(forms: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const repeated of WHITESPACE) {
    for (let count = 1; count < 16; count++) {
      for (const first of WHITESPACE) missing.add(first + repeated.repeat(count));
    }
  }
  const named = forms.map((form, id) => {
    if (missing.delete(form)) return form;
    return countWhitespace(form) > 1 || form.trim() === "" ? `<unused_whitespace__${id}>` : form;
  });
  return [...named, ...missing];
}
