import { type FileHandle, readdir } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";
import { type FileMark, openFile } from "@revocab/files";
import { markOf } from "@revocab/files/internal";

/** A file that is read by position: on the disk, or in a place that answers for ranges of bytes. */
export interface ReadableFile {
  readonly bytes: number;
  /** What it was when it was opened; for a file on the disk. */
  readonly mark?: FileMark;
  /**
   * Fills `into` with the bytes from `position`.
   * @throws RevocabError `bad_safetensors` when the file ends before `into` is full
   */
  read(into: Uint8Array, position: number): Promise<void>;
  /**
   * Gives the bytes [start, end) in order and keeps none of them; for a file elsewhere whose `read` keeps what it has read.
   */
  stream?(start: number, end: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Where the weight files of a model folder are read from; the folder's small files always lie on the disk. */
export interface FileSource {
  /**
   * The names of the files in a folder.
   * @throws RevocabError `missing_file`
   */
  list(directory: string): Promise<readonly string[]>;
  /** @throws RevocabError `missing_file` */
  open(path: string): Promise<ReadableFile>;
}

const WHOLE_MODEL = "download the model again, all files, and leave the folder alone while it is read";

/** The regular files of this machine's disks, through links too: what a link leads to is read as safetensors alone. */
export const localFiles: FileSource = {
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (cause) {
      throw new RevocabError("missing_file", `${showText(directory)} is no folder that can be read`, {
        hint: "give the folder of a model: config.json and *.safetensors",
        cause,
      });
    }
  },
  async open(path) {
    const handle = await openFile(path, { hint: WHOLE_MODEL });
    try {
      const mark = await markOf(handle);
      return {
        bytes: Number(mark.bytes),
        mark,
        read: (into, position) => readExactly(handle, into, position, path),
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
};

export const DAMAGED_HINT = "the file is damaged or no safetensors file: download or convert it again";

/** Fills `into` from `position`, or says that the file ended before it should. */
export async function readExactly(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    // One read moves at most 2 GiB − 4 KiB on Linux.
    const length = Math.min(into.length - done, 1 << 30);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) throw endsTooEarly(path, position + done, into.length - done);
    done += bytesRead;
  }
}

/** A file that ended at a byte from which more were wanted. */
export function endsTooEarly(path: string, position: number, missing: number): RevocabError {
  return new RevocabError(
    "bad_safetensors",
    `${showText(path)} ends at byte ${position}, ${missing} bytes before it should`,
    { hint: DAMAGED_HINT },
  );
}

/** Models come in hundreds of shards, and a process may open as few as 256 files (macOS). */
const MOST_OPEN = 32;

interface PooledFile {
  readonly file: Promise<ReadableFile>;
  /** How many reads wait for it. */
  readers: number;
}

/**
 * Opens files when they are read and keeps the last of them open until `close`; a class because it must be closed. No
 * `lru-cache`: that one would also drop, and so close, a file that is being read.
 */
export class FilePool {
  readonly #source: FileSource;
  /** The one that was read last comes last. */
  readonly #files = new Map<string, PooledFile>();

  constructor(source: FileSource = localFiles) {
    this.#source = source;
  }

  /** Fills `into` with the file's bytes from `position`. */
  async read(path: string, into: Uint8Array, position: number): Promise<void> {
    const pooled = this.#files.get(path) ?? { file: this.#open(path), readers: 0 };
    this.#files.delete(path);
    this.#files.set(path, pooled);
    pooled.readers++;
    try {
      await (await pooled.file).read(into, position);
    } finally {
      pooled.readers--;
    }
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(closeFile));
  }

  /** Makes room first, as far as files are not being read. */
  async #open(path: string): Promise<ReadableFile> {
    const idle = [...this.#files].filter(([, { readers }]) => readers === 0);
    const oldest = idle.slice(0, Math.max(0, this.#files.size + 1 - MOST_OPEN));
    for (const [other] of oldest) this.#files.delete(other);
    await Promise.all(oldest.map(([, pooled]) => closeFile(pooled)));
    return this.#source.open(path);
  }
}

async function closeFile({ file }: PooledFile): Promise<void> {
  await (await file.catch(() => undefined))?.close();
}
