import type { Voter } from "@revocab/byte-models";
import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import type { Job, TokenId } from "@revocab/core";
import { type OpenModel, openModel } from "@revocab/plan";
import { textLimits } from "@revocab/plan/internal";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import { withSource } from "./encoder-source.ts";

/** Which models read and write byte by byte. */
export interface VotersOptions extends Omit<OpenCheckpointOptions, "weights"> {
  /** Model folder. */
  readonly model: string;
  /** Folders of models that vote with it, whatever their tokenizers. @default none */
  readonly with?: readonly string[];
  /** What the encoders of encoder–decoder models read; other models read none. @default "" */
  readonly source?: string;
  readonly job?: Job;
}

/** A model in a folder that reads byte by byte. */
export interface OpenVoter extends Voter {
  /** Its folder. */
  readonly directory: string;
  /** Tokens that end a text. */
  readonly ends: ReadonlySet<TokenId>;
}

/**
 * Opens models for the time of `use`. The options of the tables are the first model's.
 * @throws RevocabError `bad_options` for a source where no model has an encoder
 */
export async function withVoters<Result>(
  { model, with: others = [], source, job, ...tables }: VotersOptions,
  use: (voters: readonly OpenVoter[]) => Promise<Result>,
): Promise<Result> {
  const { languageModel, openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  const closing: { close(): Promise<void> }[] = [];
  const open = async <Opened extends { close(): Promise<void> }>(opening: Promise<Opened>) => {
    const opened = await opening;
    closing.unshift(opened);
    return opened;
  };
  try {
    const models: { readonly directory: string; opened: OpenModel; transformer: OpenTransformer }[] = [];
    for (const [i, directory] of [model, ...others].entries()) {
      const opened = await open(openModel(directory, i === 0 ? tables : {}));
      const transformer = await open(openTransformer(opened.checkpoint, { job }));
      transformer.requireWhole();
      models.push({ directory, opened, transformer });
    }
    const hasEncoder = ({ description }: OpenTransformer) => description.encoder !== undefined;
    const isRead = models.some(({ transformer }) => hasEncoder(transformer));
    const voters: OpenVoter[] = [];
    for (const { directory, opened, transformer } of models) {
      const { checkpoint, readable: tokenizer } = opened;
      const read = isRead && !hasEncoder(transformer) ? undefined : source;
      const own = await withSource(tablesOf(checkpoint), transformer, tokenizer, read);
      const run = await open(Promise.resolve(languageModel(transformer, own)));
      voters.push({ directory, model: run, tokenizer, ends: textLimits(tokenizer.vocabulary).ends });
    }
    return await use(voters);
  } finally {
    for (const opened of closing) await opened.close();
  }
}
