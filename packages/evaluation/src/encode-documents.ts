import {
  type Job,
  type LanguageModel,
  mapAhead,
  quote,
  RevocabError,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import { displayToken, type Tokenizer, unlessRefused, writableEncoder } from "@revocab/vocabulary";
import { hasEveryByte, type LostCharacters, lostCharacters, withRefused } from "./lost-characters.ts";

/** What evaluation asks of a tokenizer. */
export type TextTokenizer = Pick<
  Tokenizer,
  "vocabulary" | "family" | "origin" | "encode" | "normalize" | "frame"
>;

export interface EncodedDocuments {
  /** Per document, without special tokens around it. */
  readonly ids: readonly Uint32Array[];
  /** UTF-8 bytes of all documents. */
  readonly bytes: number;
  readonly tokens: number;
  readonly unknownTokens: LostCharacters;
  readonly droppedCharacters: LostCharacters;
  /** What makes a score of these tokens a lie. */
  readonly notes: readonly string[];
}

/**
 * Documents as token ids, each encoded whole: a cut would change the tokens beside it. Counts what the tokenizer cannot
 * write, for a model that has to predict less than the text has a better score than it deserves; what a tokenizer without
 * an unknown token refuses is left out and counted with what others drop.
 * @throws RevocabError `bad_text` without text, `shape_mismatch` for an id that the model has no row for, `aborted`
 */
export async function encodeDocuments({
  documents,
  tokenizer,
  model,
  job,
}: {
  readonly documents: readonly string[];
  readonly tokenizer: TextTokenizer;
  readonly model: LanguageModel;
  readonly job?: Job;
}): Promise<EncodedDocuments> {
  const sizes = documents.map((document) => Buffer.byteLength(document));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes === 0) {
    throw new RevocabError(
      "bad_text",
      `found ${documents.length} documents without text, expected some text`,
    );
  }
  const unknownId = tokenizer.vocabulary.idOfRole("unk");
  const ids: Uint32Array[] = [];
  let done = 0;
  let tokens = 0;
  let unknownCount = 0;
  const encode = writableEncoder(tokenizer);
  const refused = new Map<string, number>();
  for await (const [index, written] of mapAhead(documents.keys(), (index) =>
    encode(documents[index], job?.abortSignal),
  )) {
    throwIfAborted(job?.abortSignal);
    const { ids: encoded, refused: here } = written;
    for (const stretch of here) refused.set(stretch, (refused.get(stretch) ?? 0) + 1);
    checkIds(encoded, tokenizer, model);
    ids.push(encoded);
    tokens += encoded.length;
    unknownCount += encoded.reduce((sum, id) => sum + (id === unknownId ? 1 : 0), 0);
    done += sizes[index];
    job?.onProgress?.({ type: "progress", step: "tokenize", done, total: bytes, unit: "bytes" });
  }
  const written = unknownCount === 0 ? 0 : await timesWritten(documents, tokenizer, unknownId!);
  const mayLose = unknownCount > 0 || !hasEveryByte(tokenizer);
  const lost = mayLose ? await lostCharacters(documents, tokenizer) : NOTHING_LOST;
  const unknownTokens = { count: unknownCount, examples: lost.unknown.examples };
  const droppedCharacters = withRefused(lost.dropped, refused);
  const notes = notesOf(tokenizer, unknownTokens, droppedCharacters, tokens, written);
  return { ids, bytes, tokens, unknownTokens, droppedCharacters, notes };
}

/** @throws RevocabError `shape_mismatch` */
export function checkIds(ids: Iterable<number>, { vocabulary, origin }: TextTokenizer, model: LanguageModel) {
  for (const id of ids) {
    if (id < model.vocabularySize) continue;
    throw new RevocabError(
      "shape_mismatch",
      `${origin}: the token ${displayToken(vocabulary, id)} has id ${id}, but the model's head has ${model.vocabularySize} rows`,
      { hint: "give the tokenizer that belongs to the model" },
    );
  }
}

/** How often the texts themselves have the unknown token in writing, as WikiText has `<unk>` for its rare words. */
async function timesWritten(
  documents: readonly string[],
  tokenizer: TextTokenizer,
  unknownId: TokenId,
): Promise<number> {
  const token = tokenizer.vocabulary.tokenOf(unknownId);
  if (!(await unlessRefused(tokenizer.encode(token)))?.includes(unknownId)) return 0;
  return documents.reduce((sum, document) => sum + document.split(token).length - 1, 0);
}

const NOTHING_LOST = { unknown: { count: 0, examples: [] }, dropped: { count: 0, examples: [] } };

function notesOf(
  { vocabulary }: TextTokenizer,
  unknown: LostCharacters,
  dropped: LostCharacters,
  tokens: number,
  written: number,
): string[] {
  const notes: string[] = [];
  const unknownId = vocabulary.idOfRole("unk");
  const token = unknownId === undefined ? "" : displayToken(vocabulary, unknownId);
  if (written > 0) {
    notes.push(`the text itself has ${token} in ${written} places; each is scored as that one token`);
  }
  if (unknown.count > written) {
    const examples = unknown.examples.length === 0 ? "" : `: it stands for ${quoted(unknown.examples)}`;
    notes.push(
      `${unknown.count - written} of ${tokens} tokens are the unknown token ${token}, so the score is better than the truth${examples}`,
    );
  }
  if (dropped.count > 0) {
    notes.push(
      `the tokenizer drops ${dropped.count} characters of the text without a token for them, so the score is better than the truth: ${quoted(dropped.examples)}`,
    );
  }
  return notes;
}

function quoted(characters: readonly string[]): string {
  return characters.map((character) => quote(character)).join(" ");
}
