import { type Job, quote, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { readLines } from "@revocab/files";
import { type WordAlignment, WordAlignmentBuilder } from "./align/word-alignment.ts";
import type { ParallelLines } from "./read-parallel-lines.ts";
import { type WordCut, wordsOfLine } from "./words-of-line.ts";

export interface ReadPharaohOptions {
  /** The texts that the file aligns. */
  readonly lines: Pick<ParallelLines, "source" | "target">;
  /** How the words are cut that the file numbers: between white space by most aligners. */
  readonly words: WordCut;
  readonly job?: Job;
}

/**
 * Reads word alignments in Pharaoh's format: a line for each line of the texts, `0-0 1-2 …`, source word − target word from
 * 0. A link that is written twice is one.
 * @throws RevocabError missing_file; bad_text that names the line, for what is no link, a word that its line does not have,
 *   or a number of lines that is not that of the texts; aborted
 */
export async function readPharaoh(
  path: string,
  { lines, words, job }: ReadPharaohOptions,
): Promise<WordAlignment> {
  const written = await readLines(path, job?.abortSignal);
  if (written.length !== lines.source.length) {
    throw new RevocabError(
      "bad_text",
      `${showText(path)} has ${written.length} lines and the parallel texts have ${lines.source.length}; an alignment has as many lines`,
      {
        hint: "align these texts anew, or give the texts that were aligned; empty lines must stand in the file too",
      },
    );
  }
  const builder = new WordAlignmentBuilder();
  for (const [line, text] of written.entries()) {
    if (line % LINES_BETWEEN_CHECKS === 0) throwIfAborted(job?.abortSignal);
    const links = parseLinks(text, `${showText(path)}, line ${line + 1}`);
    if (links.length > 0) {
      const source = wordsOfLine(lines.source[line], words).length;
      const target = wordsOfLine(lines.target[line], words).length;
      const wrong = links.find(([i, j]) => i >= source || j >= target);
      if (wrong !== undefined)
        throw outOfRange(wrong, { source, target, words }, `${showText(path)}, line ${line + 1}`);
    }
    builder.addLine(links);
  }
  return builder.build();
}

const LINES_BETWEEN_CHECKS = 1 << 14;

function parseLinks(text: string, place: string): (readonly [number, number])[] {
  const links = new Map<string, readonly [number, number]>();
  for (const link of text.split(/\s+/)) {
    if (link === "") continue;
    const found = /^(\d{1,9})-(\d{1,9})$/.exec(link);
    if (found === null) {
      throw new RevocabError("bad_text", `${place} has ${quote(link)}, expected links such as 0-0 1-2`, {
        hint: "Pharaoh's format has pairs of whole numbers from 0, source word - target word, with spaces between pairs",
      });
    }
    const [source, target] = [Number(found[1]), Number(found[2])];
    links.set(`${source}-${target}`, [source, target]);
  }
  return [...links.values()];
}

function outOfRange(
  [i, j]: readonly [number, number],
  { source, target, words }: { readonly source: number; readonly target: number; readonly words: WordCut },
  place: string,
): RevocabError {
  const isSource = i >= source;
  const count = isSource ? source : target;
  return new RevocabError(
    "bad_text",
    `${place} has ${i}-${j}, but the ${isSource ? "source" : "target"} line has ${count} words${count === 0 ? "" : `, 0 to ${count - 1}`} (words=${words})`,
    {
      hint: `check that source and target are in the file's order, and that it numbers the words of ${words}, not of ${words === "unicode" ? "whitespace" : "unicode"}`,
    },
  );
}

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
