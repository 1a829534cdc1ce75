import { basename } from "node:path";
import { hashFile } from "@revocab/checkpoint/internal";
import {
  type Alignment,
  type EmbeddingTable,
  type EncodeText,
  type InitContext,
  quiet,
  showText,
  type Vocabulary,
} from "@revocab/core";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { type Tokenizer, writableEncoder } from "@revocab/vocabulary";

/** A vocabulary, or a whole tokenizer for methods that encode texts. */
export interface TextReader {
  readonly vocabulary: Vocabulary;
  /** Without special tokens around the text. */
  readonly encode?: EncodeText;
  /** Of the tokenizer: decides how much of a text is left out where the tokenizer cannot write it. @default single characters */
  readonly family?: Tokenizer["family"];
}

export interface InitContextOptions extends Pick<InitContext, "donor" | "seed" | "initializerRange" | "job"> {
  readonly source: TextReader & Pick<InitContext["source"], "tables" | "model" | "rotary">;
  readonly target: TextReader;
  /** How the two vocabularies relate. @default they are aligned here */
  readonly alignment?: Alignment;
  /**
   * [V_t] the source id of target tokens for which it is known, −1 for others: it takes precedence over the token's bytes.
   * −2 for a token that must get a new row, even if its bytes or its role match a source token.
   * @default nothing is known
   */
  readonly sourceOf?: Int32Array;
  /** See {@link Alignment.extendsSource}. */
  readonly extendsSource?: boolean;
  /** Called with the number of characters of a text that were left out, because the target tokenizer cannot write them. */
  readonly onRefused?: (characters: number) => void;
}

/** The context that methods get: the vocabularies are aligned, and texts are encoded without what a tokenizer cannot write. */
export function initContext({
  source: { tables, model, rotary, ...source },
  target,
  alignment,
  sourceOf,
  extendsSource,
  onRefused,
  ...rest
}: InitContextOptions): InitContext {
  const aligned =
    alignment ??
    alignVocabularies({
      source: source.vocabulary,
      target: target.vocabulary,
      job: quiet(rest.job),
    });
  return {
    ...rest,
    source: { ...readerOf(source), tables, model, ...(rotary && { rotary }) },
    target: readerOf(target, onRefused),
    alignment: {
      ...(sourceOf === undefined ? aligned : withKnown(aligned, sourceOf, tables)),
      ...(extendsSource !== undefined && { extendsSource }),
    },
  };
}

function readerOf({ vocabulary, encode, family }: TextReader, onRefused?: (characters: number) => void) {
  return { vocabulary, ...(encode && { encode: asEvidence({ encode, family }, onRefused) }) };
}

/**
 * Encodes texts that methods learn from. What the tokenizer cannot write is left out, because no token can learn from it.
 * @param onRefused called with the number of characters left out of a text
 */
export function asEvidence(
  {
    encode,
    family = "byte-level-bpe",
  }: { readonly encode: EncodeText; readonly family?: TextReader["family"] },
  onRefused?: (characters: number) => void,
): EncodeText {
  const write = writableEncoder({ encode, family });
  return async (text) => {
    const { ids, refused } = await write(text);
    if (refused.length > 0) onRefused?.(refused.reduce((sum, stretch) => sum + [...stretch].length, 0));
    return ids;
  };
}

/** Alignment takes the first of several tokens with the same bytes; an edit of the vocabulary knows which one it was. */
function withKnown(alignment: Alignment, known: Int32Array, tables: readonly EmbeddingTable[]): Alignment {
  const rows = Math.min(...tables.map(({ matrix }) => matrix.rows));
  const isUnknown = (id: number) => known[id] === -1 || known[id] >= rows;
  return {
    ...alignment,
    sourceOf: alignment.sourceOf.map((found, id) => (isUnknown(id) ? found : Math.max(-1, known[id]))),
    headSourceOf: new Map([...(alignment.headSourceOf ?? [])].filter(([id]) => isUnknown(id))),
  };
}

/** The name of a method's input in a recipe: the file name without its path, or "in memory". */
export function evidenceName(evidence: unknown): string {
  return typeof evidence === "string" ? basename(evidence) : "in memory";
}

/**
 * Notes the files that a method used, with their sha256: a recipe has only their names, which two files can share.
 * @param evidence by option; inputs given in memory are skipped
 */
export async function noteEvidence(
  { job }: InitContext,
  method: string,
  evidence: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const [option, file] of Object.entries(evidence)) {
    if (typeof file !== "string") continue;
    const hash = await hashFile(file, job);
    const message = `${option} ${showText(basename(file))}: sha256 ${hash}`;
    job?.onProgress?.({ type: "note", step: method, message });
  }
}
