import type { Vocabulary } from "@revocab/core";
import { readText } from "@revocab/files";
import { randomStream } from "@revocab/matrix";

export interface SampleText {
  readonly documents: readonly string[];
  readonly notes: readonly string[];
}

/**
 * The documents of a text, cut at white space into passages that a model can read at once.
 * @throws RevocabError `missing_file`, `bad_text`, `bad_options`, `aborted`
 */
export async function readSample(
  path: string,
  { maxBytes, abortSignal }: { readonly maxBytes: number; readonly abortSignal?: AbortSignal | undefined },
): Promise<SampleText> {
  const { documents, notes } = await readText(path, { maxBytes, ...(abortSignal && { abortSignal }) });
  return { documents: documents.flatMap(passages), notes };
}

/** About 250 tokens: whole contexts are longer, but a passage must fit into that of every model. */
const PASSAGE_CHARACTERS = 1000;

function passages(document: string): string[] {
  const cut: string[] = [];
  let rest = document;
  while (rest.length > PASSAGE_CHARACTERS) {
    const space = rest.lastIndexOf(" ", PASSAGE_CHARACTERS);
    const end = space > 0 ? space : PASSAGE_CHARACTERS;
    cut.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  cut.push(rest);
  return cut.filter((passage) => passage.trim() !== "");
}

/** Where there is no text: passages of target tokens in random order, which say what the layers give at all. */
export function tokensAsText(target: Vocabulary, source: Vocabulary, seed: number): string[] {
  const words: string[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let token = 0; token < target.size; token++) {
    if (target.kindOf(token) !== "text" || source.spell(target.bytesOf(token)) === undefined) continue;
    try {
      words.push(decoder.decode(target.bytesOf(token)));
    } catch {
      // part of a character: no text by itself
    }
  }
  const stream = randomStream(seed, 0);
  return Array.from({ length: words.length === 0 ? 0 : RANDOM_PASSAGES }, () =>
    Array.from({ length: RANDOM_WORDS }, () => words[Math.floor(stream.uniform() * words.length)]).join(""),
  );
}

/** About 8,000 source tokens: u needs no more. */
const RANDOM_PASSAGES = 80;
const RANDOM_WORDS = 30;
