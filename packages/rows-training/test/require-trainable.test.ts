import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { requireTrainable } from "@revocab/rows-training/internal";
import { openTransformer } from "@revocab/transformer-runtime";
import { expect, it } from "vitest";

const MODELS = join(import.meta.dirname, "../../transformer-runtime/test/fixtures/models");

it.each([
  ["masked", "bert", /predicts masked tokens/],
  ["encoder–decoder", "t5", /has an encoder/],
])("the rows of a %s model cannot be trained", async (_, name, message) => {
  const checkpoint = await openCheckpoint(join(MODELS, name));
  const transformer = await openTransformer(checkpoint);
  expect(() => requireTrainable(transformer)).toThrow(message);
  await transformer.close();
  await checkpoint.close();
});
