import { RevocabError, showText } from "@revocab/core";
import type { SeenFile, SeenFolder } from "./seen-folder.ts";

/** Bytes read at a time. */
const BLOCK_BYTES = 1 << 18;

/**
 * A part of a file as a blob, read from the disk when it is needed. If the file changed since it was first opened,
 * reading it fails (`file_changed`). The library has a blob of its own, but on Node 20 its stream reads up to 65,536
 * blocks ahead of a slow network: its converter counts blocks instead of bytes.
 */
export class DiskBlob extends Blob {
  readonly #folder: SeenFolder;
  readonly #path: string;
  readonly #start: number;
  override readonly size: number;

  /** Bytes [start, start + size) of a file. */
  constructor(folder: SeenFolder, path: string, start: number, size: number) {
    super([]);
    this.#folder = folder;
    this.#path = path;
    this.#start = start;
    this.size = size;
  }

  override slice(start = 0, end = this.size): DiskBlob {
    const from = Math.min(Math.max(0, start), this.size);
    const to = Math.min(Math.max(from, end), this.size);
    return new DiskBlob(this.#folder, this.#path, this.#start + from, to - from);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    const file = await this.#folder.open(this.#path);
    try {
      await this.#read(file, bytes, 0);
    } finally {
      await file.handle.close();
    }
    return bytes.buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override stream(): ReturnType<Blob["stream"]> {
    let file: SeenFile | undefined;
    let done = 0;
    const blocks = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          if (done === this.size) {
            await file?.handle.close();
            controller.close();
            return;
          }
          file ??= await this.#folder.open(this.#path);
          const block = new Uint8Array(Math.min(BLOCK_BYTES, this.size - done));
          try {
            await this.#read(file, block, done);
          } catch (error) {
            await file.handle.close();
            throw error;
          }
          done += block.length;
          controller.enqueue(block);
        },
        cancel: () => file?.handle.close(),
      },
      { highWaterMark: 1 },
    );
    return blocks as ReturnType<Blob["stream"]>;
  }

  /** Fills `into`, and checks afterwards that the file did not change meanwhile. */
  async #read(file: SeenFile, into: Uint8Array, from: number): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const position = this.#start + from + done;
      const { bytesRead } = await file.handle.read(into, done, into.length - done, position);
      if (bytesRead === 0) {
        await file.check();
        throw new RevocabError("bad_file", `${showText(this.#path)} ends before byte ${position}`, {
          hint: "nothing may change the folder while it is published: try again",
        });
      }
      done += bytesRead;
    }
    await file.check();
  }
}
