import type { FileHandle } from "node:fs/promises";
import { RevocabError, showText, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";

const BUFFER_BYTES = 1 << 20;
/** Node refuses longer reads than 2 GiB − 1. */
const LONGEST_READ = 1 << 30;

/**
 * Reads a file from front to back, never past its end: every count is held against the bytes left before
 * anything is allocated. Bytes it gives out are good until the next call.
 */
export class ByteReader {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #abortSignal: AbortSignal | undefined;
  #buffer: Uint8Array;
  #start = 0;
  #end = 0;
  #filePosition = 0;

  private constructor(path: string, size: number, handle: FileHandle, abortSignal: AbortSignal | undefined) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
    this.#abortSignal = abortSignal;
    this.#buffer = new Uint8Array(Math.min(BUFFER_BYTES, size));
  }

  /** @throws RevocabError `missing_file` */
  static async open(path: string, abortSignal?: AbortSignal): Promise<ByteReader> {
    const handle = await openFile(path, { hint: "name a file of word vectors: .bin, .vec or .txt" });
    return new ByteReader(path, (await handle.stat()).size, handle, abortSignal);
  }

  get position(): number {
    return this.#filePosition - (this.#end - this.#start);
  }

  get remaining(): number {
    return this.size - this.position;
  }

  /** @throws RevocabError `bad_vectors` when fewer than `count` bytes are left */
  async take(count: number, what: string): Promise<Uint8Array> {
    this.expect(count, what);
    while (this.#end - this.#start < count) await this.#readMore(what);
    const bytes = this.#buffer.subarray(this.#start, this.#start + count);
    this.#start += count;
    return bytes;
  }

  /** The bytes before the next `delimiter`, which is passed over. @throws RevocabError `bad_vectors` */
  async takeUntil(delimiter: number, limit: number, what: string): Promise<Uint8Array> {
    const bytes = await this.#takeTo(delimiter, limit, what);
    if (bytes === undefined) throw this.truncated(what, this.remaining + 1);
    return bytes;
  }

  /** The next line, without its end; the last one may have none. Undefined at the end of the file. */
  async takeLine(limit: number, what: string): Promise<Uint8Array | undefined> {
    if (this.remaining === 0) return undefined;
    return (await this.#takeTo(0x0a, limit, what)) ?? this.take(this.remaining, what);
  }

  /** Fills all of `target`. */
  async fill(target: Uint8Array, what: string): Promise<void> {
    this.expect(target.length, what);
    let done = Math.min(this.#end - this.#start, target.length);
    target.set(this.#buffer.subarray(this.#start, this.#start + done));
    this.#start += done;
    while (done < target.length) {
      done += await this.#read(target, done, Math.min(target.length - done, LONGEST_READ), what);
    }
  }

  skip(count: number, what: string): void {
    this.expect(count, what);
    const buffered = Math.min(count, this.#end - this.#start);
    this.#start += buffered;
    this.#filePosition += count - buffered;
  }

  /** @throws RevocabError `bad_vectors` when fewer than `count` bytes are left */
  expect(count: number, what: string): void {
    if (count > this.remaining) throw this.truncated(what, count);
  }

  truncated(what: string, wanted: number): RevocabError {
    return new RevocabError(
      "bad_vectors",
      `${showText(this.path)} ends inside ${what}: at byte ${this.position} it should have ${wanted} bytes and has ${this.remaining}`,
      { hint: "copy or download the file again; it may also be of another program" },
    );
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #takeTo(delimiter: number, limit: number, what: string): Promise<Uint8Array | undefined> {
    for (let from = this.#start; ; ) {
      const found = this.#buffer.subarray(0, this.#end).indexOf(delimiter, from);
      const length = (found < 0 ? this.#end : found) - this.#start;
      if (length > limit) {
        throw new RevocabError(
          "bad_vectors",
          `${what} in ${showText(this.path)} has more than ${limit} bytes`,
          {
            hint: "this is no file of word vectors, or it is damaged",
          },
        );
      }
      if (found >= 0) {
        const bytes = this.#buffer.subarray(this.#start, found);
        this.#start = found + 1;
        return bytes;
      }
      if (this.#filePosition === this.size) return undefined;
      await this.#readMore(what);
      from = this.#start + length;
    }
  }

  /** Moves what is left to the front of a buffer at least half of which is free, and reads behind it. */
  async #readMore(what: string): Promise<void> {
    const rest = this.#buffer.subarray(this.#start, this.#end);
    const room =
      rest.length * 2 > this.#buffer.length ? new Uint8Array(this.#buffer.length * 2) : this.#buffer;
    room.set(rest);
    this.#buffer = room;
    this.#start = 0;
    this.#end = rest.length;
    this.#end += await this.#read(room, this.#end, room.length - this.#end, what);
  }

  async #read(target: Uint8Array, offset: number, wanted: number, what: string): Promise<number> {
    throwIfAborted(this.#abortSignal);
    const length = Math.min(wanted, this.size - this.#filePosition);
    const { bytesRead } = await this.#handle.read(target, offset, length, this.#filePosition);
    if (bytesRead === 0) throw this.truncated(what, wanted);
    this.#filePosition += bytesRead;
    return bytesRead;
  }
}
