import type { FileSource } from "@revocab/checkpoint";
import { type Copying, type StartedRewrite, startRewrite } from "@revocab/checkpoint/internal";
import type { Job } from "@revocab/core";
import type { OpenModel } from "@revocab/plan";
import { namingOutput, type OutputPlace, type StagedOutput, stageOutput } from "./stage-output.ts";

/** A staged folder into which the weights that stay are being copied. */
export interface StartedOutput extends StagedOutput {
  readonly rewrite: Pick<StartedRewrite, "finish">;
  /** Where the written weight files are read from. @default the staged folder */
  readonly weights?: FileSource;
}

export interface StartOutputOptions extends Omit<OutputPlace, "inputs"> {
  readonly model: OpenModel;
  /** Where the target tokenizer comes from. */
  readonly origin: string;
  /** Of the tables, padding included. */
  readonly rows: number;
  /** @default false */
  readonly untie?: boolean;
  /** @default false */
  readonly link?: boolean;
  /** Already reads the model's weights; the caller stops it. @default started here */
  readonly copying?: Copying;
  readonly job?: Job;
}

/**
 * Opens the staging folder of an output and starts to copy into it all that needs no row. `discard` ends the copying; after
 * `commit` it does nothing.
 * @throws RevocabError `output_exists`, `no_space`, `write_failed`, `aborted`, and `bad_options` or `unsupported_checkpoint`
 *   for a model that cannot be untied
 */
export async function startOutput({
  model: { checkpoint },
  origin,
  rows,
  untie,
  link,
  copying,
  job,
  ...place
}: StartOutputOptions): Promise<StartedOutput> {
  const output = await stageOutput({ ...place, inputs: [checkpoint.directory, origin] });
  let rewrite: StartedRewrite;
  try {
    rewrite = await startRewrite({ checkpoint, out: output.directory, rows, untie, link, copying, job });
  } catch (error) {
    await output.discard();
    throw namingOutput(place.out, output.directory, error);
  }
  let isOpen = true;
  return {
    ...output,
    rewrite,
    async commit() {
      await output.commit();
      isOpen = false;
    },
    async discard() {
      if (!isOpen) return;
      isOpen = false;
      await rewrite.stop();
      await output.discard();
    },
  };
}
