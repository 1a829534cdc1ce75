import {
  type Job,
  type LanguageModel,
  mapAhead,
  quote,
  RevocabError,
  showText,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import {
  displayToken,
  frameTokens,
  type Tokenizer,
  unlessRefused,
  writableEncoder,
} from "@revocab/vocabulary";

/** The part of a tokenizer that evaluation needs. */
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
  /** Why a score of these tokens would be too good. */
  readonly notes: readonly string[];
}

/**
 * Documents as token ids, each encoded whole, because a cut would change the tokens beside it.
 *
 * Counts the characters that the tokenizer cannot write: a model that predicts less than the text gets a better score than it
 * deserves. A tokenizer without an unknown token refuses such characters; they are left out, and counted as dropped.
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
  readonly model: Pick<LanguageModel, "vocabularySize">;
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
export function checkIds(
  ids: Iterable<number>,
  { vocabulary, origin }: TextTokenizer,
  model: Pick<LanguageModel, "vocabularySize">,
) {
  for (const id of ids) {
    if (id < model.vocabularySize) continue;
    throw new RevocabError(
      "shape_mismatch",
      `${origin}: the token ${showText(displayToken(vocabulary, id))} has id ${id}, but the model's head has ${model.vocabularySize} rows`,
      { hint: "give the tokenizer that belongs to the model" },
    );
  }
}

/** How often the text itself contains the string of the unknown token, as WikiText has `<unk>` for its rare words. */
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
  const token = unknownId === undefined ? "" : showText(displayToken(vocabulary, unknownId));
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

/** Whether special tokens stand before each document; `auto`: those that the tokenizer itself puts there. */
export type BeginChoice = "auto" | "always" | "never";

/**
 * The tokens before each document, as context: what the model begins every text with, and then those that the tokenizer's
 * post-processor puts before a text, as AutoTokenizer does. With `always`, a tokenizer that adds none gives its BOS. GPT-2 needs this: in training `<|endoftext|>` stood before each
 * document, but its tokenizer does not add it.
 * @throws RevocabError `bad_options` for `always` where there is none
 */
export function beginTokensOf(
  { startTokens = [] }: Pick<LanguageModel, "startTokens">,
  tokenizer: TextTokenizer,
  choice: BeginChoice,
): readonly TokenId[] {
  return [...startTokens, ...tokenizersOwn(tokenizer, choice)];
}

function tokenizersOwn(
  { vocabulary, origin, frame }: TextTokenizer,
  choice: BeginChoice,
): readonly TokenId[] {
  if (choice === "never") return [];
  const added = frame === undefined ? undefined : frameTokens(frame).before;
  const bos = vocabulary.idOfRole("bos");
  const byRole = bos === undefined ? [] : [bos];
  if (choice === "auto") return added ?? byRole;
  const begin = added === undefined || added.length === 0 ? byRole : added;
  if (begin.length > 0) return begin;
  throw new RevocabError(
    "bad_options",
    `${origin}: found no BOS token in the tokenizer, expected one to put before each document, as \`bos: always\` wants it`,
  );
}

/** How many characters of a text a tokenizer cannot write, and the most frequent of them. */
export interface LostCharacters {
  readonly count: number;
  /** At most 10, most frequent first; whole words for a tokenizer that loses whole words. */
  readonly examples: readonly string[];
}

/**
 * The characters of a text that a tokenizer cannot write. Each is encoded alone: it becomes the unknown token (`unknown`), or
 * nothing or white space (`dropped`). A tokenizer with a token for every byte drops none. Characters that the tokenizer refuses
 * are not counted here, because a tokenizer of words refuses most characters when they stand alone.
 */
async function lostCharacters(
  documents: readonly string[],
  tokenizer: Pick<Tokenizer, "encode" | "normalize" | "vocabulary">,
): Promise<{ readonly unknown: LostCharacters; readonly dropped: LostCharacters }> {
  const unknown = new Map<string, number>();
  const dropped = new Map<string, number>();
  const counts = [...characterCounts(documents)];
  const fates = await Promise.all(counts.map(([character]) => fateOf(character, tokenizer)));
  for (const [index, [character, count]] of counts.entries()) {
    const fate = fates[index];
    if (fate !== "kept") (fate === "unknown" ? unknown : dropped).set(character, count);
  }
  return { unknown: commonest(unknown), dropped: commonest(dropped) };
}

/** Adds the stretches of text that a tokenizer refused, counted in characters. */
function withRefused(dropped: LostCharacters, refused: ReadonlyMap<string, number>): LostCharacters {
  if (refused.size === 0) return dropped;
  const count = [...refused].reduce((sum, [stretch, times]) => sum + times * [...stretch].length, 0);
  const examples = [...commonest(refused).examples, ...dropped.examples].slice(0, EXAMPLES);
  return { count: dropped.count + count, examples };
}

/** Whether every character of UTF-8 text has bytes that all are tokens. */
function hasEveryByte({ vocabulary }: Pick<Tokenizer, "vocabulary">): boolean {
  for (let byte = 0x20; byte <= 0xf4; byte++) {
    const isUsed = byte !== 0x7f && byte !== 0xc0 && byte !== 0xc1;
    if (isUsed && vocabulary.idsOf(Uint8Array.of(byte)).length === 0) return false;
  }
  return true;
}

function characterCounts(documents: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const document of documents) {
    for (const character of document) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return counts;
}

/** Combining marks (accents) count as kept: they belong to the letter before them and mean nothing alone. */
async function fateOf(
  character: string,
  tokenizer: Pick<Tokenizer, "encode" | "normalize" | "vocabulary">,
): Promise<"kept" | "unknown" | "dropped"> {
  if (NOT_JUDGED.test(character) || (await tokenizer.normalize(character)).trim() === "") return "kept";
  const { vocabulary } = tokenizer;
  const ids = await unlessRefused(tokenizer.encode(character));
  if (ids === undefined) return "kept";
  const unknownId = vocabulary.idOfRole("unk");
  if (unknownId !== undefined && ids.includes(unknownId)) return "unknown";
  return ids.some((id) => vocabulary.bytesOf(id).some((byte) => byte > 0x20)) ? "kept" : "dropped";
}

const NOT_JUDGED = /^[\p{White_Space}\p{Mark}\p{Control}\p{Format}]$/u;

function commonest(counts: ReadonlyMap<string, number>): LostCharacters {
  const sorted = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return {
    count: sorted.reduce((sum, [, count]) => sum + count, 0),
    examples: sorted.slice(0, EXAMPLES).map(([character]) => character),
  };
}

const EXAMPLES = 10;
