import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Job, RevocabError, type TokenId } from "@revocab/core";
import { type DocumentSplit, readText } from "@revocab/files";
import { type OpenModel, openModel } from "@revocab/plan";
import { tablesOf } from "@revocab/transformer-runtime";
import { displayToken } from "@revocab/vocabulary";
import { mergeApplier } from "./apply-merges.ts";
import { calibrateMerges, type MergeDegree } from "./calibrate.ts";
import { dynamicTokenizer } from "./dynamic-tokenizer.ts";
import { hypernetworkRows } from "./hypernetwork-rows.ts";
import { firstMerges } from "./merge-batch.ts";
import type { RowProvider } from "./row-provider.ts";
import { type Boundaries, segmentTexts } from "./segments.ts";

export interface EncodeFileOptions extends OpenCheckpointOptions {
  /** Model folder. */
  readonly model: string;
  /** A UTF-8 file; its documents are one batch. */
  readonly text: string;
  /** How far tokens are merged. */
  readonly degree: MergeDegree;
  /** Where tokens may be joined. @default "pretoken" */
  readonly boundaries?: Boundaries;
  /** The folder of a hypernetwork for the model, which gives the merged tokens rows. @default no rows are computed */
  readonly hypernetwork?: string;
  /** The language, where the hypernetwork asks for one. */
  readonly language?: string;
  /** The most bytes of the text that are read. @default 1_000_000 */
  readonly maxBytes?: number;
  /** Where documents end. @default "auto" */
  readonly split?: DocumentSplit;
  readonly job?: Job;
}

/** Plain data, fit for JSON. */
export interface EncodedFile {
  readonly bytes: number;
  readonly boundaries: Boundaries;
  /** Tokens of all documents. */
  readonly tokens: { readonly before: number; readonly after: number };
  /** The share of the tokens that is gone. */
  readonly reduction: number;
  readonly merges: readonly EncodedMerge[];
  /** Tokens that the merges add to the vocabulary. */
  readonly newTokens: number;
  /** Only with a hypernetwork: the shape of what it predicted for them. */
  readonly rows?: { readonly columns: number; readonly hasHeadRows: boolean };
  readonly documents: readonly EncodedDocument[];
  readonly notes: readonly string[];
}

export interface EncodedMerge {
  readonly id: TokenId;
  /** The two tokens that become it, as people read them. */
  readonly left: string;
  readonly right: string;
  /** Tokens of the batch that the merge takes away. */
  readonly saved: number;
}

export interface EncodedDocument {
  readonly ids: readonly TokenId[];
  /** The same, as people read them. */
  readonly tokens: readonly string[];
}

/**
 * Merges the tokens of a text for a model: all its documents are one batch.
 * @throws RevocabError `bad_options` for a degree that cannot be reached; `bad_text`; `shape_mismatch` for the hypernetwork of another
 *   model; what opening the model and the hypernetwork throws
 */
export async function encodeFile(options: EncodeFileOptions): Promise<EncodedFile> {
  const { boundaries = "pretoken", degree, job } = options;
  requireHypernetwork(options);
  const { documents, bytes, notes } = await readText(options.text, options);
  const model = await openModel(options.model, options);
  let provider: RowProvider | undefined;
  try {
    const { readable, checkpoint } = model;
    const { vocabulary } = readable;
    provider = await openRows(model, options);
    const texts = await segmentTexts(readable, documents, boundaries, job);
    job?.onProgress?.({ type: "step", step: "merge tokens" });
    const { batch, reached } = calibrateMerges(texts, [degree], { vocabulary, firstId: checkpoint.rows });
    const merges = firstMerges(batch, reached[0].merges);
    const tokenizer = dynamicTokenizer(readable, merges, boundaries);
    const tokens = merges.tokens.map((_, i) => merges.firstId + i);
    const rows = await provider?.rowsOf({ tokenizer, tokens, job });
    const [before, after] = [batch.lengths[0], batch.lengths[reached[0].merges]];
    const shown = (id: TokenId) => displayToken(tokenizer.vocabulary, id);
    return {
      bytes,
      boundaries,
      tokens: { before, after },
      reduction: 1 - after / before,
      merges: merges.merges.map(({ left, right, merged }, i) => ({
        id: merged,
        left: shown(left),
        right: shown(right),
        saved: batch.lengths[i] - batch.lengths[i + 1],
      })),
      newTokens: tokens.length,
      ...(rows && { rows: { columns: rows.input.columns, hasHeadRows: rows.output !== undefined } }),
      documents: texts
        .map(mergeApplier(merges))
        .map((ids) => ({ ids: [...ids], tokens: [...ids].map(shown) })),
      notes,
    };
  } finally {
    await provider?.close();
    await model.close();
  }
}

function requireHypernetwork({ hypernetwork, language }: EncodeFileOptions): void {
  if (hypernetwork !== undefined || language === undefined) return;
  throw new RevocabError("bad_options", "`language` was given without a hypernetwork", {
    hint: "name the hypernetwork whose language it is, or leave `language` out",
  });
}

async function openRows(
  { readable: { vocabulary }, checkpoint }: OpenModel,
  { hypernetwork: directory, language, job }: EncodeFileOptions,
): Promise<RowProvider | undefined> {
  if (directory === undefined) return undefined;
  return hypernetworkRows({
    directory,
    language,
    model: { vocabulary, tables: tablesOf(checkpoint) },
    job,
  });
}
