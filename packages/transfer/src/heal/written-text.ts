import type { Job } from "@revocab/core";
import { writtenTexts } from "@revocab/embedding-init/internal";
import type { TextDocuments } from "@revocab/files";
import type { OpenModel } from "@revocab/plan";
import { sourceModel } from "@revocab/plan/internal";
import type { OpenTransformer } from "@revocab/transformer-runtime";

export interface WritingOptions {
  /** About how many tokens are written. @default 100_000 */
  readonly written?: number;
  /** @default 0 */
  readonly seed?: number;
}

const WRITTEN = 100_000;
const HINTS = {
  withoutText: "give a `text` to train rows on",
  withoutMemory: "give a `text` to train rows on, which needs no more memory; or more `memory`",
};

/**
 * Texts of the original.
 * @param transformer the layers that write them with its rows; opened for it where they are not open already
 */
export async function writtenText(
  original: OpenModel,
  transformer: OpenTransformer | undefined,
  options: WritingOptions,
  job: Job | undefined,
): Promise<TextDocuments> {
  if (transformer !== undefined) return textBy(original, transformer, options, job);
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const own = await openTransformer(original.checkpoint, { job });
  try {
    return await textBy(original, own, options, job);
  } finally {
    await own.close();
  }
}

async function textBy(
  original: OpenModel,
  transformer: OpenTransformer,
  { written = WRITTEN, seed = 0 }: WritingOptions,
  job: Job | undefined,
): Promise<TextDocuments> {
  const model = await sourceModel(original, { open: async () => transformer })();
  const documents = await writtenTexts(model, {
    tokens: written,
    seed,
    hints: HINTS,
    step: "train rows",
    job,
  });
  return asText(documents);
}

/** The text that was written before a training was stopped: written again by more threads, it might be another one. */
export async function keptText(state: string | undefined): Promise<TextDocuments | undefined> {
  if (state === undefined) return undefined;
  const { keptDocuments } = await import("@revocab/rows-training/internal");
  const documents = await keptDocuments(state);
  return documents && asText(documents);
}

function asText(documents: readonly string[]): TextDocuments {
  const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { documents, bytes, boundary: "none", isWhole: true, notes: [] };
}

/** How much is written, in words. */
export function writtenWord(written = WRITTEN): string {
  return `${written} tokens`;
}
