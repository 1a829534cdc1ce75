import type { FileSource, ReadableFile } from "./file-source.ts";
import { localFiles } from "./local-files.ts";

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
