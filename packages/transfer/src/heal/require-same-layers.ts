import type { Checkpoint, TensorEntry } from "@revocab/checkpoint";
import { readExactly } from "@revocab/checkpoint/internal";
import { RevocabError } from "@revocab/core";
import { openFile } from "@revocab/files";

/**
 * Requires that two models have the same layers: only then do the hidden states of one mean something to the other's rows.
 * @throws RevocabError `bad_options`
 */
export async function requireSameLayers(model: Checkpoint, teacher: Checkpoint): Promise<void> {
  const difference = await differenceOfLayers(model, teacher);
  if (difference === undefined) return;
  throw new RevocabError(
    "bad_options",
    `the layers of ${teacher.directory} are not those of ${model.directory}: ${difference}`,
    {
      hint: "give the model whose tokenizer was swapped or extended as `teacher`; the `objective` alm learns from any",
    },
  );
}

/**
 * The first difference of two models' layers in words. Names, dtypes and shapes of all tensors without a row per token are compared, and
 * the first bytes of each.
 */
export async function differenceOfLayers(
  model: Checkpoint,
  teacher: Checkpoint,
): Promise<string | undefined> {
  const [own, others] = [layersOf(model), layersOf(teacher)];
  for (const name of new Set([...own.keys(), ...others.keys()])) {
    const [one, other] = [own.get(name), others.get(name)];
    if (one === undefined || other === undefined) return `only one of them has ${name}`;
    if (described(one) !== described(other)) return `${name} is ${described(other)}, not ${described(one)}`;
    if (!(await startOf(one)).equals(await startOf(other))) return `${name} has other values`;
  }
  return undefined;
}

type Layer = TensorEntry & { readonly path: string };

function layersOf({ files, tables }: Checkpoint): ReadonlyMap<string, Layer> {
  const taken = new Set(tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name)));
  const all = files.flatMap(({ path, tensors }) => tensors.map((tensor) => ({ ...tensor, path })));
  return new Map(all.filter(({ name }) => !taken.has(name)).map((layer) => [layer.name, layer]));
}

function described({ dtype, shape }: Layer): string {
  return `${dtype} [${shape.join(" × ")}]`;
}

/** A fine-tune differs nearly everywhere: 4 kB of each tensor tell, where all bytes would take as long as reading two models. */
const COMPARED_BYTES = 4096;

async function startOf({ path, start, end }: Layer): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(COMPARED_BYTES, end - start));
  const handle = await openFile(path);
  try {
    await readExactly(handle, bytes, start, path);
  } finally {
    await handle.close();
  }
  return bytes;
}
