import type { Vocabulary } from "@revocab/core";
import { type Tokenizer, unlessRefused } from "@revocab/vocabulary";

/** What a tokenizer makes of white space, which code depends on. */
export interface WhiteSpaceHandling {
  /** Tokens of white space alone. */
  readonly tokens: number;
  /** Spaces of the longest token that is nothing else; 0 without one. */
  readonly longestRun: number;
  /** Kinds of white space that come back from encoding and decoding as they were. */
  readonly kept: readonly string[];
  /** Kinds that are lost or changed. */
  readonly lost: readonly string[];
  /** Tokens that an indentation adds to a line; null where it is lost. */
  readonly indentations: readonly { readonly indentation: string; readonly tokens: number | null }[];
}

/** Looks at how white space is written: which kinds survive, and what an indentation costs. */
export async function whiteSpaceHandling(tokenizer: Tokenizer): Promise<WhiteSpaceHandling> {
  const { vocabulary } = tokenizer;
  const survive = await Promise.all(
    Object.values(KINDS).map((space) => isKept(tokenizer, `x${space}x`, `x${space}x`)),
  );
  const names = Object.keys(KINDS);
  const plain = await lengthOf(tokenizer, linesWith(""));
  const indentations = await Promise.all(
    Object.entries(INDENTATIONS).map(async ([indentation, space]) => {
      const isThere = await isKept(tokenizer, linesWith(space), `\n${space}y`);
      return { indentation, tokens: isThere ? (await lengthOf(tokenizer, linesWith(space))) - plain : null };
    }),
  );
  return {
    ...whiteSpaceTokens(vocabulary),
    kept: names.filter((_, place) => survive[place]),
    lost: names.filter((_, place) => !survive[place]),
    indentations,
  };
}

const KINDS: Readonly<Record<string, string>> = {
  "two spaces": "  ",
  "line end": "\n",
  "empty line": "\n\n",
  tab: "\t",
  "carriage return": "\r\n",
  "no-break space": "\u00a0",
  "ideographic space": "\u3000",
};

const INDENTATIONS: Readonly<Record<string, string>> = {
  "2 spaces": " ".repeat(2),
  "4 spaces": " ".repeat(4),
  "8 spaces": " ".repeat(8),
  "16 spaces": " ".repeat(16),
  "1 tab": "\t",
  "2 tabs": "\t\t",
};

/** Two lines of code of which the second is indented. */
function linesWith(indentation: string): string {
  return `if x:\n${indentation}y = 1`;
}

/** Whether a part of a text is in what its encoding is decoded to. */
async function isKept(tokenizer: Tokenizer, text: string, part: string): Promise<boolean> {
  const ids = await unlessRefused(tokenizer.encode(text));
  return ids !== undefined && (await tokenizer.decode(ids)).includes(part);
}

async function lengthOf({ encode }: Tokenizer, text: string): Promise<number> {
  return (await unlessRefused(encode(text)))?.length ?? Number.NaN;
}

function whiteSpaceTokens(vocabulary: Vocabulary): Pick<WhiteSpaceHandling, "tokens" | "longestRun"> {
  let tokens = 0;
  let longestRun = 0;
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) !== "text") continue;
    const bytes = vocabulary.bytesOf(id);
    if (!/^\s+$/u.test(Buffer.from(bytes).toString())) continue;
    tokens++;
    if (bytes.every((byte) => byte === 0x20)) longestRun = Math.max(longestRun, bytes.length);
  }
  return { tokens, longestRun };
}
