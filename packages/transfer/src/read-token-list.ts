import { RevocabError } from "@revocab/core";
import { readLines } from "@revocab/files";
import type { NewAddedToken, NewPiece } from "@revocab/vocabulary";
import { z } from "zod";

export interface TokenList {
  /** The file, and how its lines were taken. */
  readonly path: string;
  readonly asWritten: boolean;
  readonly pieces: readonly (string | NewPiece)[];
  readonly addedTokens: readonly NewAddedToken[];
}

/**
 * Tokens to add, from a file: a word a line, or, in a file named `.json`, a list of texts, of `{ text, score }` for pieces
 * and of `{ content, special, singleWord, lstrip, rstrip, normalized }` for added tokens.
 *
 * A word of a line is meant as it stands in a text, behind a space, and gets one; texts of a list are taken as they are.
 * @param asWritten the words of lines are taken as they are, too @default false
 * @throws RevocabError `missing_file`, `bad_text`, `bad_options` for a list that is none, `aborted`
 */
export async function readTokenList(
  path: string,
  {
    asWritten = false,
    abortSignal,
  }: { readonly asWritten?: boolean; readonly abortSignal?: AbortSignal } = {},
): Promise<TokenList> {
  const lines = await readLines(path, abortSignal);
  if (path.endsWith(".json")) return { path, asWritten, ...parseList(lines.join("\n"), path) };
  const pieces = lines.map((line) => (asWritten || line === "" || line.startsWith(" ") ? line : ` ${line}`));
  return { path, asWritten, pieces, addedTokens: [] };
}

const list = z.array(
  z.union([
    z.string(),
    z.strictObject({ text: z.string(), score: z.number().optional() }),
    z.strictObject({
      content: z.string(),
      special: z.boolean().optional(),
      singleWord: z.boolean().optional(),
      lstrip: z.boolean().optional(),
      rstrip: z.boolean().optional(),
      normalized: z.boolean().optional(),
    }),
  ]),
);

function parseList(text: string, path: string): Pick<TokenList, "pieces" | "addedTokens"> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // what follows says it
  }
  const parsed = list.safeParse(value);
  if (!parsed.success) {
    const [place] = parsed.error.issues[0]?.path ?? [];
    throw new RevocabError(
      "bad_options",
      `${path} is no list of tokens${place === undefined ? "" : `: entry ${String(place)} is none`}`,
      { hint: 'expected ["text", { "text": "…", "score": -9 }, { "content": "<|tool|>", "special": true }]' },
    );
  }
  const isAdded = (entry: (typeof parsed.data)[number]) => typeof entry !== "string" && "content" in entry;
  return {
    pieces: parsed.data.filter((entry) => !isAdded(entry)) as (string | NewPiece)[],
    addedTokens: parsed.data.filter(isAdded) as NewAddedToken[],
  };
}
