/** A part of a document that is scored in one pass; indices into the document's tokens. */
export interface Window {
  readonly start: number;
  /** One past the last token; every token from `firstTarget` to here is predicted. */
  readonly end: number;
  /** Tokens before it are context only; at least `start` + 1. */
  readonly firstTarget: number;
}

/**
 * The windows of a document: of at most `context` tokens, each starting `stride` tokens after the one before. So every
 * token but the first is predicted exactly once, from at least `context` − `stride` tokens where the document has them.
 *
 *     planWindows(6, 3, 2)  →  [0 1 2] [2 3 4] [4 5]     each starts with the last token of the one before
 *     planWindows(5, 3, 1)  →  [0 1 2] [1 2 3] [2 3 4]   only the last token of the later ones is new
 *
 * @param length tokens of the document
 * @param context at least 2
 * @param stride between 1 and `context` − 1
 */
export function planWindows(length: number, context: number, stride: number): Window[] {
  const windows: Window[] = [];
  let firstTarget = 1;
  for (let start = 0; firstTarget < length; start += stride) {
    const end = Math.min(start + context, length);
    windows.push({ start, end, firstTarget });
    firstTarget = end;
  }
  return windows;
}
