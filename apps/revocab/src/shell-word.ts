/** A word as a POSIX shell reads it: in single quotes where it has other characters than those that stand for themselves. */
export function shellWord(word: string): string {
  return /^[\w./@=+:,%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
