import type { FileSource, ReadableFile } from "./file-source.ts";
import { localFiles } from "./local-files.ts";

/** Opens each file at its first read and keeps it open until `close`; a class because it must be closed. */
export class FilePool {
  readonly #source: FileSource;
  readonly #files = new Map<string, Promise<ReadableFile>>();

  constructor(source: FileSource = localFiles) {
    this.#source = source;
  }

  /** Fills `into` with the file's bytes from `position`. */
  async read(path: string, into: Uint8Array, position: number): Promise<void> {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = this.#source.open(path);
      this.#files.set(path, file);
    }
    await (await file).read(into, position);
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(async (file) => (await file.catch(() => undefined))?.close()));
  }
}
