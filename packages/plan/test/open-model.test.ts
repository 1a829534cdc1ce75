import { openModel } from "@revocab/plan";
import { sourceOf } from "@revocab/plan/internal";
import { countedFiles } from "@revocab/test-support/counted-files";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { expect, it } from "vitest";

it("a model's files stay open until all that retained them have released them, however often each does", async () => {
  const files = countedFiles();
  const model = await openModel(SAMPLE_MODEL, { weights: files });
  const matrix = sourceOf(model, "input");
  await matrix.readRows(0, 1, new Uint8Array(matrix.columns * 2));
  const [first, second] = [model.retain(), model.retain()];
  await first();
  await first();
  await model.close();
  await model.close();
  expect(files.openFiles).toBe(1);
  await second();
  expect(files.openFiles).toBe(0);
});
