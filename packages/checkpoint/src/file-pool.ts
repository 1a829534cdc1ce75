import type { FileHandle } from "node:fs/promises";
import { openForReading } from "./open-for-reading.ts";
import { readExactly } from "./safetensors-header.ts";

/** Opens each file at its first read and keeps it open until `close`; a class because it must be closed. */
export class FilePool {
  readonly #handles = new Map<string, Promise<FileHandle>>();

  /** Fills `into` with the file's bytes from `position`. */
  async read(path: string, into: Uint8Array, position: number): Promise<void> {
    let handle = this.#handles.get(path);
    if (handle === undefined) {
      handle = openForReading(path);
      this.#handles.set(path, handle);
    }
    await readExactly(await handle, into, position, path);
  }

  async close(): Promise<void> {
    const handles = [...this.#handles.values()];
    this.#handles.clear();
    await Promise.all(handles.map(async (handle) => (await handle.catch(() => undefined))?.close()));
  }
}
