import { fileURLToPath } from "node:url";
import { type Checkpoint, openCheckpoint } from "@revocab/checkpoint";
import {
  type OpenTransformer,
  type OpenTransformerOptions,
  openTransformer,
} from "@revocab/transformer-runtime";

/** A tiny random model made by `tools/oracle/transformer-fixtures.py`. */
export function fixtureFolder(name: string): string {
  return fileURLToPath(new URL(`fixtures/models/${name}`, import.meta.url));
}

/** Opens a model for one test and closes it after. */
export async function withTransformer<Result>(
  folder: string,
  use: (transformer: OpenTransformer, checkpoint: Checkpoint) => Promise<Result>,
  options: OpenTransformerOptions = {},
): Promise<Result> {
  const checkpoint = await openCheckpoint(folder);
  try {
    const transformer = await openTransformer(checkpoint, options);
    try {
      return await use(transformer, checkpoint);
    } finally {
      await transformer.close();
    }
  } finally {
    await checkpoint.close();
  }
}
