import type { FileHandle } from "node:fs/promises";
import { endianness } from "node:os";
import { readSafetensorsHeader, type SafetensorsFile, type TensorEntry } from "@revocab/checkpoint";
import { buildHeader, readExactly } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { openFile, replaceFile } from "@revocab/files";

/** A tensor to write; its bytes come block by block. */
export interface WrittenTensor {
  readonly name: string;
  readonly dtype: "BF16" | "F32" | "I8" | "U32";
  readonly shape: readonly number[];
  blocks(): Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;
}

const BYTES = { BF16: 2, F32: 4, I8: 1, U32: 4 } as const satisfies Record<WrittenTensor["dtype"], number>;

/**
 * Writes a safetensors file, complete or not at all. Tensors of wider numbers come first, so that all are aligned.
 * @throws RevocabError `no_space`, `write_failed`, `aborted`
 */
export async function writeTensors(
  path: string,
  tensors: readonly WrittenTensor[],
  metadata: Readonly<Record<string, string>>,
  job?: Job,
): Promise<void> {
  if (endianness() !== "LE") {
    throw new RevocabError(
      "write_failed",
      "this machine stores numbers big-endian; the file is little-endian",
    );
  }
  const sorted = tensors.toSorted((a, b) => BYTES[b.dtype] - BYTES[a.dtype]);
  const lengthOf = ({ dtype, shape }: WrittenTensor) =>
    shape.reduce((product, dimension) => product * dimension, BYTES[dtype]);
  const header = buildHeader(
    sorted.map((tensor) => ({ ...tensor, length: lengthOf(tensor) })),
    metadata,
  );
  await replaceFile(path, async (write) => {
    await write(header);
    for (const tensor of sorted) {
      for await (const { buffer, byteOffset, byteLength } of tensor.blocks()) {
        throwIfAborted(job?.abortSignal);
        await write(new Uint8Array(buffer, byteOffset, byteLength));
      }
    }
  });
}

/** An open safetensors file of ours. */
export interface TensorFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The shape of a tensor; undefined where the file has none of this name. */
  shapeOf(name: string): readonly number[] | undefined;
  /** Where a tensor's bytes begin and end in the file. @throws RevocabError `bad_vocabulary` as {@link requireTensor} does */
  placeOf(name: string, dtype: WrittenTensor["dtype"], shape: readonly number[]): TensorEntry;
  /** Fills `into` from a position in the file. */
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** @throws RevocabError `missing_file`, `bad_file`, `bad_safetensors` */
export async function openTensors(path: string): Promise<TensorFile> {
  const handle = await openFile(path, { hint: MADE_AGAIN });
  try {
    return tensorFile(await readSafetensorsHeader(path), handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export const MADE_AGAIN = "make the vocabulary again with `writeLargeVocabulary`";

function tensorFile({ path, metadata = {}, tensors }: SafetensorsFile, handle: FileHandle): TensorFile {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    path,
    metadata,
    shapeOf: (name) => byName.get(name)?.shape,
    placeOf(name, dtype, shape) {
      const entry = byName.get(name);
      if (entry === undefined) throw badVocabulary(path, `lacks the tensor ${name}`);
      const said = (type: string, sizes: readonly number[]) => `${type} [${sizes.join(" × ")}]`;
      const [found, wanted] = [said(entry.dtype, entry.shape), said(dtype, shape)];
      if (found === wanted) return entry;
      throw badVocabulary(path, `holds ${name} as ${showText(found, 100)}; ${wanted} was expected`);
    },
    read: (into, position) => readExactly(handle, into, position, path),
    close: () => handle.close(),
  };
}

/** A file of a large vocabulary that is not what was written. */
export function badVocabulary(path: string, what: string): RevocabError {
  return new RevocabError("bad_vocabulary", `${showText(path)} ${what}`, { hint: MADE_AGAIN });
}
