import { type Job, RevocabError } from "@revocab/core";
import { parseJson, readLines } from "@revocab/files";
import { z } from "zod";
import type { NewAddedToken, NewPiece } from "./new-entries.ts";
import type { TokenRename } from "./rename-tokens.ts";

export interface TokenList {
  /** The file. */
  readonly path: string;
  /** Whether its words were taken without a space before them. */
  readonly asWritten: boolean;
  readonly pieces: readonly (string | NewPiece)[];
  readonly addedTokens: readonly NewAddedToken[];
  readonly renames: readonly TokenRename[];
}

/**
 * Reads tokens to add from a file with a word on each line, or from a `.json` file with a list. An entry of the list is a
 * text or `{ text, score }` for a piece, `{ content, special, singleWord, lstrip, rstrip, normalized }` for an added token,
 * or `{ rename, to }` for a reserved token and its new name.
 *
 * A word on a line gets a space before it, as it has in a text. Texts of a list are taken as they are.
 * @param asWritten take the words on lines as they are, too @default false
 * @throws RevocabError `missing_file`, `bad_text`, `bad_options` for JSON of another shape, `aborted`
 */
export async function readTokenList(
  path: string,
  { asWritten = false, job }: { readonly asWritten?: boolean; readonly job?: Job } = {},
): Promise<TokenList> {
  const lines = await readLines(path, job?.abortSignal);
  if (path.endsWith(".json")) return { path, asWritten, ...parseList(lines.join("\n"), path) };
  const pieces = lines.map((line) => (asWritten || line === "" || line.startsWith(" ") ? line : ` ${line}`));
  return { path, asWritten, pieces, addedTokens: [], renames: [] };
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
    z.strictObject({ rename: z.string(), to: z.string() }),
  ]),
);

const HINT =
  'expected ["text", { "text": "…", "score": -9 }, { "content": "<|tool|>", "special": true }, { "rename": "<unused0>", "to": "<|call|>" }]';

function parseList(text: string, path: string): Pick<TokenList, "pieces" | "addedTokens" | "renames"> {
  const parsed = list.safeParse(parseJson(text, { origin: path, code: "bad_options", hint: HINT }));
  if (!parsed.success) {
    const [place] = parsed.error.issues[0]?.path ?? [];
    throw new RevocabError(
      "bad_options",
      `${path} is no list of tokens${place === undefined ? "" : `: entry ${String(place)} has another shape`}`,
      { hint: HINT },
    );
  }
  const has = (entry: (typeof parsed.data)[number], key: string) => typeof entry !== "string" && key in entry;
  return {
    pieces: parsed.data.filter((entry) => typeof entry === "string" || has(entry, "text")) as (
      | string
      | NewPiece
    )[],
    addedTokens: parsed.data.filter((entry) => has(entry, "content")) as NewAddedToken[],
    renames: parsed.data.flatMap((entry) =>
      typeof entry !== "string" && "rename" in entry ? [{ from: entry.rename, to: entry.to }] : [],
    ),
  };
}
