import { stat } from "node:fs/promises";
import type { Checkpoint } from "@revocab/checkpoint";
import { areHashedWhole, hashLayer, type Layer, layersOf } from "@revocab/checkpoint/internal";
import { type Job, RevocabError } from "@revocab/core";

/**
 * Requires that two models have the same layers: only then do the hidden states of one mean something to the other's rows.
 * @throws RevocabError `bad_options`; `aborted`
 */
export async function requireSameLayers(
  model: Checkpoint,
  teacher: Checkpoint,
  job?: Pick<Job, "abortSignal">,
): Promise<void> {
  const difference = await differenceOfLayers(model, teacher, job);
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
 * The first difference of two models' layers in words.
 *
 * Names, dtypes and shapes of all tensors without a row per token are compared, and their bytes: all of them where the layers take up to
 * 256 MB; else of each tensor 16 pieces of 4 kB, from its first bytes to its last. Values that differ between these pieces alone are not
 * found, and neither are settings of the configs. Tensors at one place of one file are not read: a path, a link, a hard link.
 */
export async function differenceOfLayers(
  model: Checkpoint,
  teacher: Checkpoint,
  job?: Pick<Job, "abortSignal">,
): Promise<string | undefined> {
  const [own, others] = [layersOf(model), layersOf(teacher)];
  for (const name of new Set([...own.keys(), ...others.keys()])) {
    const [one, other] = [own.get(name), others.get(name)];
    if (one === undefined || other === undefined) return `only one of them has ${name}`;
    if (described(one) !== described(other)) return `${name} is ${described(other)}, not ${described(one)}`;
  }
  const isWhole = areHashedWhole(own);
  for (const [name, one] of own) {
    const other = others.get(name) as Layer;
    if (await areAtOnePlace(one, other)) continue;
    const [hash, otherHash] = await Promise.all(
      [one, other].map((layer) => hashLayer(layer, { isWhole, job })),
    );
    if (hash !== otherHash) return `${name} has other values`;
  }
  return undefined;
}

function described({ dtype, shape }: Layer): string {
  return `${dtype} [${shape.join(" × ")}]`;
}

async function areAtOnePlace(one: Layer, other: Layer): Promise<boolean> {
  if (one.start !== other.start) return false;
  const [a, b] = await Promise.all([one, other].map(({ path }) => stat(path, { bigint: true })));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
