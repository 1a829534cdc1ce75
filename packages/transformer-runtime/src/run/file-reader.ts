import type { SafetensorsFile } from "@revocab/checkpoint";
import { readExactly } from "@revocab/checkpoint/internal";
import { openFile } from "@revocab/files";
import { compareMarks, markOf } from "@revocab/files/internal";

type Handle = Awaited<ReturnType<typeof openFile>>;

/**
 * Reads ranges of a model's weight files, which stay open between the reads; a class because it must be closed. A file that is
 * no longer the one whose header was read, or is written to meanwhile, is refused.
 */
export class FileReader {
  readonly #handles = new Map<string, Promise<Handle>>();

  /** @throws RevocabError `file_changed`, `bad_safetensors`, `missing_file` */
  async read(file: SafetensorsFile, into: Uint8Array, position: number): Promise<void> {
    const opened = this.#handles.get(file.path) ?? open(file);
    this.#handles.set(file.path, opened);
    const handle = await opened;
    await readExactly(handle, into, position, file.path);
    if (file.mark !== undefined) compareMarks(file.path, file.mark, await markOf(handle));
  }

  async close(): Promise<void> {
    const opened = [...this.#handles.values()];
    this.#handles.clear();
    await Promise.all(opened.map(async (each) => (await each.catch(() => undefined))?.close()));
  }
}

async function open(file: SafetensorsFile): Promise<Handle> {
  return openFile(file.path);
}
