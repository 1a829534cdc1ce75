const MARKER = "<|endoftext|>";

/**
 * Parts a text in bytes: what is scored, and the sample that evidence is made of.
 *
 * - `stories: n`: the first n documents that `<|endoftext|>` ends, and the others;
 * - `bytes: n, from`: the first n bytes, and those from `from` on;
 * - `lines: n, from`: the whole lines within the first n bytes, and those that begin at `from` or after it. The same lines of
 *   `translation` are `translated`.
 */
export function separateTexts(text, { stories, bytes, lines, from }, translation) {
  if (stories !== undefined) {
    const documents = text.toString().split(MARKER);
    const joined = (some) => Buffer.from(some.join(MARKER));
    return { evaluated: joined(documents.slice(0, stories)), sample: joined(documents.slice(stories)) };
  }
  if (bytes !== undefined) return { evaluated: text.subarray(0, bytes), sample: text.subarray(from) };
  const end = text.lastIndexOf("\n", lines - 1) + 1;
  const start = text.indexOf("\n", from - 1) + 1;
  const skipped = text.subarray(0, start).toString().split("\n").length - 1;
  const translated = translation?.toString().split("\n").slice(skipped).join("\n");
  return {
    evaluated: text.subarray(0, end),
    sample: text.subarray(start),
    ...(translated !== undefined && { translated }),
  };
}
