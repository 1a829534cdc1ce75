import type { WordAlignment } from "./align/word-alignment.ts";

/**
 * A word alignment in Pharaoh's format, as other aligners write and read it: `0-0 1-2` a line, source word − target word,
 * counted from 0; an empty line for a line without links. Some thousand lines at a time.
 */
export function* pharaohText({ offsets, source, target }: WordAlignment): Iterable<string> {
  let text = "";
  for (let line = 0; line + 1 < offsets.length; line++) {
    for (let at = offsets[line]; at < offsets[line + 1]; at++) {
      text += `${at === offsets[line] ? "" : " "}${source[at]}-${target[at]}`;
    }
    text += "\n";
    if (text.length < LONGEST_PIECE) continue;
    yield text;
    text = "";
  }
  yield text;
}

const LONGEST_PIECE = 1 << 16;
