import { type Job, RevocabError, showText } from "@revocab/core";
import { readLines } from "@revocab/files";

/** Two texts of which line i of one says the same as line i of the other. */
export interface ParallelPaths {
  /** A UTF-8 file of the source's language. */
  readonly source: string;
  /** A UTF-8 file of the target's language. */
  readonly target: string;
}

/** The lines of both texts, in order; line i of the files is at i. */
export interface ParallelLines {
  /** [n] */
  readonly source: readonly string[];
  /** [n] */
  readonly target: readonly string[];
  /** Lines of which one side or both hold white space alone: they say nothing and are passed over. */
  readonly empty: number;
}

/**
 * Reads two line-aligned texts.
 * @throws RevocabError missing_file; bad_text when one is not UTF-8, when they differ in length (both counts are said), or
 *   when no line has words on both sides; aborted
 */
export async function readParallelLines(paths: ParallelPaths, job?: Job): Promise<ParallelLines> {
  const source = await readLines(paths.source, job?.abortSignal);
  const target = await readLines(paths.target, job?.abortSignal);
  if (source.length !== target.length) {
    throw new RevocabError(
      "bad_text",
      `${showText(paths.source)} has ${source.length} lines and ${showText(paths.target)} has ${target.length}; parallel texts have as many lines`,
      { hint: "line i of one must be the translation of line i of the other" },
    );
  }
  const empty = source.reduce((sum, line, i) => sum + Number(isEmpty(line) || isEmpty(target[i])), 0);
  if (empty === source.length) {
    throw new RevocabError(
      "bad_text",
      `${showText(paths.source)} and ${showText(paths.target)} have no line with words on both sides`,
      { hint: "give two texts of which line i of one is the translation of line i of the other" },
    );
  }
  return { source, target, empty };
}

function isEmpty(line: string): boolean {
  return !/\S/.test(line);
}

/**
 * Reads `SOURCE:TARGET`, two paths with a colon between them, as options and commands write a pair of parallel texts.
 *
 * Example: `en.txt:de.txt` → `{ source: "en.txt", target: "de.txt" }`. A drive letter (`C:\en.txt:C:\de.txt`) is part of its path.
 * @throws RevocabError bad_options
 */
export function splitPathPair(pair: string): ParallelPaths {
  const found = /^((?:[A-Za-z]:[\\/])?[^:]+):((?:[A-Za-z]:[\\/])?[^:]+)$/.exec(pair);
  if (found === null) {
    throw new RevocabError(
      "bad_options",
      `"${pair}" is no pair of parallel texts: expected two paths with one colon between them`,
      { hint: "write SOURCE:TARGET, for example en.txt:de.txt, the source's language first" },
    );
  }
  return { source: found[1], target: found[2] };
}
