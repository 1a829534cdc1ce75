import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireFreeSpace } from "@revocab/checkpoint/internal";
import { writeError } from "@revocab/files/internal";

/** The states of batches between two parts, an array of numbers for each batch. */
export interface StateStore {
  readonly place: "memory" | "file";
  /**
   * All numbers of a batch: those in the store, or a copy.
   * @param scratch of at least its size, for the copy
   */
  read(batch: number, scratch: Float32Array): Promise<Float32Array>;
  /** @param offset the first number to be replaced */
  write(batch: number, offset: number, from: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * In memory where they fit, else in a temporary file. The file has no name once it is open, so that it is gone with the process
 * however that ends.
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
    async write(batch, offset, from) {
      states[batch].set(from, offset);
    },
    async close() {
      states.length = 0;
    },
  };
}

async function inFile(sizes: readonly number[], bytes: number): Promise<StateStore> {
  const folder = temporaryFolder();
  await requireFreeSpace(
    folder,
    bytes,
    "another folder for temporary files (the environment variable TMPDIR)",
  );
  const handle = await openUnnamed(folder);
  const offsets: number[] = [];
  sizes.reduce((offset, size) => {
    offsets.push(offset);
    return offset + 4 * size;
  }, 0);
  return {
    place: "file",
    async read(batch, scratch) {
      const states = scratch.subarray(0, sizes[batch]);
      const buffer = bytesOf(states);
      for (let done = 0; done < buffer.length; ) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, offsets[batch] + done);
        if (bytesRead === 0) throw new RangeError(`batch ${batch} was never written`);
        done += bytesRead;
      }
      return states;
    },
    async write(batch, offset, from) {
      const buffer = bytesOf(from);
      const position = offsets[batch] + 4 * offset;
      try {
        for (let done = 0; done < buffer.length; ) {
          done += (await handle.write(buffer, done, buffer.length - done, position + done)).bytesWritten;
        }
      } catch (error) {
        throw writeError(join(folder, "revocab-states"), error);
      }
    },
    close: () => handle.close(),
  };
}

/** On a disk: many machines keep /tmp in memory, which is what there is too little of. */
function temporaryFolder(): string {
  if (process.env.TMPDIR !== undefined || process.platform === "win32") return tmpdir();
  return "/var/tmp";
}

async function openUnnamed(folder: string) {
  const own = await mkdtemp(join(folder, "revocab-states-")).catch((error) => {
    throw writeError(folder, error);
  });
  try {
    return await open(join(own, "states"), "wx+", 0o600);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
