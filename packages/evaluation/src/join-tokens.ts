/** One sequence of several; a spread call would overflow the stack at some 100,000 tokens. */
export function joinTokens(...parts: readonly ArrayLike<number>[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
