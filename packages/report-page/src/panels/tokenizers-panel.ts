import { type Job, mapAhead, RevocabError, throwIfAborted } from "@revocab/core";
import type { Block, Panel } from "@revocab/report-document";
import { type Tokenizer, unlessRefused } from "@revocab/vocabulary";
import { backtracksLittle, documentOf } from "@revocab/vocabulary/internal";
import { pageTokenizer } from "../tokenize/page-tokenizer.ts";
import { pack, packVocabulary } from "./pack.ts";
import { LONGEST_TEXT, type TokenizerData, type TokenizersData } from "./panel-data.ts";
import { probeTexts } from "./probe-texts.ts";

export interface TokenizersPanelInput {
  readonly tokenizers: readonly NamedTokenizer[];
  /**
   * Texts that the reader finds in the box, the first one at first. They are also encoded when the panel is made, so that they are
   * shown for every tokenizer. At least one; of a long one the first 5,000 characters.
   */
  readonly texts: readonly string[];
  /** @default "Text in tokens" */
  readonly title?: string;
  readonly job?: Job;
}

export interface NamedTokenizer {
  /** For the reader: short, and another one for each. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/**
 * A text box that shows what the reader types in coloured tokens of all tokenizers. The page encodes by itself. When the
 * panel is made, its encoder is compared with the tokenizers library on the given texts and on some hundred hard ones; for a tokenizer that gets other ids
 * anywhere only the given texts are shown, and the page says why.
 *
 * @throws RevocabError `bad_options` for no tokenizers or texts, or two tokenizers of one name
 */
export async function tokenizersPanel(input: TokenizersPanelInput): Promise<Panel> {
  const { tokenizers, title = "Text in tokens", job } = input;
  checkInput(input);
  const texts = input.texts.map(asInTextBox);
  const described: TokenizerData[] = [];
  for (const { name, tokenizer } of tokenizers) {
    throwIfAborted(job?.abortSignal);
    described.push(await describeTokenizer(name, tokenizer, texts));
  }
  const data: TokenizersData = { texts, tokenizers: described };
  return { kind: "panel", name: "tokenizers", title, data, instead: countsOf(data) };
}

function checkInput({ tokenizers, texts }: TokenizersPanelInput): void {
  const names = new Set(tokenizers.map(({ name }) => name));
  const fault =
    tokenizers.length === 0
      ? "`tokenizers` is empty, expected at least one"
      : names.size < tokenizers.length
        ? "two of `tokenizers` have the same name, expected another one for each"
        : texts.length === 0
          ? "`texts` is empty, expected at least one"
          : undefined;
  if (fault !== undefined) {
    throw new RevocabError("bad_options", fault, { hint: "a panel shows texts in the tokens of tokenizers" });
  }
}

/** A text box ends lines by \n alone. */
function asInTextBox(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").slice(0, LONGEST_TEXT);
  return lines.replace(/[\uD800-\uDBFF]$/, "");
}

async function describeTokenizer(
  name: string,
  tokenizer: Tokenizer,
  texts: readonly string[],
): Promise<TokenizerData> {
  const document = documentOf(tokenizer);
  const encoded = await encodeAll(tokenizer, texts);
  const refusal = await refusalOf(tokenizer, document, texts, encoded);
  return {
    name,
    vocabulary: packVocabulary(tokenizer.vocabulary),
    encoded,
    ...(refusal === undefined
      ? { json: pack(new TextEncoder().encode(JSON.stringify(document))) }
      : { refusal }),
  };
}

/** Why the page cannot encode as the tokenizers library does; undefined if it can. */
async function refusalOf(
  tokenizer: Tokenizer,
  document: object,
  texts: readonly string[],
  encoded: TokenizerData["encoded"],
): Promise<string | undefined> {
  const slow = patternsOf(document).find((pattern) => !backtracksLittle(pattern));
  if (slow !== undefined) {
    return `its pattern ${JSON.stringify(slow.slice(0, LONGEST_QUOTE))} could keep this page busy for years`;
  }
  let encode: (text: string) => number[];
  try {
    encode = pageTokenizer(document).encode;
  } catch (error) {
    return `it has a part that this page cannot run (${(error as Error).message})`;
  }
  const probes = probeTexts(tokenizer);
  const expected = [...encoded, ...(await encodeAll(tokenizer, probes))];
  const different = [...texts, ...probes].find(
    (text, place) => !isSame(idsOrNull(encode, text), expected[place]!),
  );
  return (
    different &&
    `for ${JSON.stringify(different.slice(0, LONGEST_QUOTE))} the page's encoder gives other ids than the tokenizers library`
  );
}

const LONGEST_QUOTE = 60;

/** The regular expressions of a tokenizer.json; the vocabulary has none. */
function patternsOf(document: object): string[] {
  const { model: _, added_tokens: __, ...components } = document as Record<string, unknown>;
  const patterns: string[] = [];
  JSON.stringify(components, (key, value: unknown) => {
    if (key === "Regex" && typeof value === "string") patterns.push(value);
    return value;
  });
  return patterns;
}

/** The ids of texts by the tokenizers library; null for a text that it refuses. */
async function encodeAll(
  tokenizer: Tokenizer,
  texts: readonly string[],
): Promise<(readonly number[] | null)[]> {
  const all: (readonly number[] | null)[] = [];
  const encode = (text: string) => unlessRefused(tokenizer.encode(text));
  for await (const [, ids] of mapAhead(texts, encode)) all.push(ids === undefined ? null : Array.from(ids));
  return all;
}

function idsOrNull(encode: (text: string) => number[], text: string): readonly number[] | null {
  try {
    return encode(text);
  } catch {
    return null;
  }
}

function isSame(one: readonly number[] | null, other: readonly number[] | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((id, place) => id === other[place]);
}

/** For renderers without scripts: how many tokens each text has. */
function countsOf({ texts, tokenizers }: TokenizersData): Block[] {
  return [
    {
      kind: "table",
      columns: [{ title: "text" }, ...tokenizers.map(({ name }) => ({ title: name }))],
      rows: texts.map((text, place) => [
        text,
        ...tokenizers.map(({ encoded }) => {
          const ids = encoded[place];
          return ids ? { value: ids.length, unit: "tokens" } : undefined;
        }),
      ]),
    },
  ];
}
