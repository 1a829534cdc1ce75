import { RevocabError } from "@revocab/core";
import { readText, type TextDocuments } from "@revocab/files";
import type { ScoringOptions } from "./evaluate-model.ts";

/** How methods are compared. */
export interface ComparingOptions extends ScoringOptions {
  /**
   * Causal models: steps that the rows of each method are trained for, with the defaults of `trainRows`; the method is then judged by its
   * score after them. @default nothing is trained
   */
  readonly after?: number;
  /** A UTF-8 file to train on, of which `maxBytes` are read, too. @default three quarters of `text`, which are then not scored */
  readonly trainText?: string;
}

/** What methods are compared by. */
export interface ComparisonTexts {
  readonly scored: TextDocuments;
  /** Only where rows are trained. */
  readonly training?: { readonly steps: number; readonly text: TextDocuments };
}

/**
 * Reads the text that is scored, and the one to train on: a text of its own, or most of the same one.
 * @throws RevocabError `bad_options`; `bad_text` for a text too short to be divided, or to train on; as `readText` does
 */
export async function readComparisonTexts(
  options: ComparingOptions & { readonly seed?: number },
): Promise<ComparisonTexts> {
  const { after: steps, trainText, seed = 0 } = options;
  const text = await readText(options.text, options);
  if (steps === undefined) {
    if (trainText === undefined) return { scored: text };
    throw new RevocabError("bad_options", "`trainText` was given, but without `after` nothing is trained", {
      hint: "give `after` with a number of steps, such as 50",
    });
  }
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw new RevocabError("bad_options", `\`after\` is ${steps}, expected a whole number of steps above 0`);
  }
  const { requireTrainableText, splitText } = await import("@revocab/rows-training/internal");
  if (trainText !== undefined) {
    const other = await readText(trainText, options);
    requireTrainableText(other.documents, seed);
    return { scored: notingShared(text, other), training: { steps, text: other } };
  }
  const { kept, rest } = splitText(text.documents, { share: SCORED_SHARE, seed });
  requireTrainableText(rest, seed);
  return { scored: partOf(text, kept), training: { steps, text: partOf(text, rest) } };
}

/**
 * The text that is scored, with a note of how many of its documents are trained on, too.
 * @throws RevocabError `bad_options` where all are
 */
function notingShared(scored: TextDocuments, trained: TextDocuments): TextDocuments {
  const known = new Set(trained.documents);
  const { length } = scored.documents;
  const shared = scored.documents.filter((document) => known.has(document)).length;
  if (shared === 0) return scored;
  const found = `${shared} of ${length} documents of \`text\` are in \`trainText\`, too`;
  if (shared < length)
    return { ...scored, notes: [...scored.notes, `${found}: rows are scored on what they learned`] };
  throw new RevocabError("bad_options", `${found}, so that nothing would be scored that rows did not learn`, {
    hint: "give another text to train on, or leave `trainText` out: `text` is then divided",
  });
}

/** Of 1 MB it leaves about as much to train on as 50 steps of 4,096 tokens read. */
const SCORED_SHARE = 0.25;

function partOf(text: TextDocuments, documents: readonly string[]): TextDocuments {
  const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { ...text, documents, bytes };
}
