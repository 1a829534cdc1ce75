import { RevocabError } from "@revocab/core";
import type { ParallelPaths } from "./read-parallel-lines.ts";

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
