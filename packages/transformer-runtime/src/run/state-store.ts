import { openScratchFile } from "@revocab/files/internal";

/** The states of batches between two parts, an array of numbers for each batch. */
export interface StateStore {
  readonly place: "memory" | "file";
  /**
   * All numbers of a batch: those in the store, or a copy.
   * @param scratch of at least its size, for the copy
   */
  read(batch: number, scratch: Float32Array): Promise<Float32Array>;
  /** `count` numbers of a batch from `offset` on, in the same way. */
  readPart(batch: number, offset: number, count: number, scratch: Float32Array): Promise<Float32Array>;
  /** @param offset the first number to be replaced */
  write(batch: number, offset: number, from: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * In memory where they fit, else in a scratch file.
 * @param sizes values of each batch
 * @param room bytes that may be taken in memory
 * @throws RevocabError `no_space` when the disk has no room for them; `write_failed`
 */
export async function openStateStore(sizes: readonly number[], room: number): Promise<StateStore> {
  const bytes = 4 * sizes.reduce((sum, size) => sum + size, 0);
  return bytes <= room ? inMemory(sizes) : inFile(sizes, bytes);
}

function inMemory(sizes: readonly number[]): StateStore {
  const states = sizes.map((size) => new Float32Array(size));
  return {
    place: "memory",
    async read(batch) {
      return states[batch];
    },
    async readPart(batch, offset, count) {
      return states[batch].subarray(offset, offset + count);
    },
    async write(batch, offset, from) {
      states[batch].set(from, offset);
    },
    async close() {
      states.length = 0;
    },
  };
}

async function inFile(sizes: readonly number[], bytes: number): Promise<StateStore> {
  const file = await openScratchFile("states", bytes);
  const offsets: number[] = [];
  sizes.reduce((offset, size) => {
    offsets.push(offset);
    return offset + 4 * size;
  }, 0);
  const readPart = async (batch: number, offset: number, count: number, scratch: Float32Array) => {
    const states = scratch.subarray(0, count);
    await file.read(bytesOf(states), offsets[batch] + 4 * offset);
    return states;
  };
  return {
    place: "file",
    read: (batch, scratch) => readPart(batch, 0, sizes[batch], scratch),
    readPart,
    async write(batch, offset, from) {
      await file.write(bytesOf(from), offsets[batch] + 4 * offset);
    },
    close: () => file.close(),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
