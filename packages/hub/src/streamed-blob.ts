/** Gives bytes [start, end) of a file in blocks. */
export type ReadStretch = (start: number, end: number) => AsyncIterable<Uint8Array>;

/**
 * A part of a file that lies on no disk, as a blob: read when it is needed, and as often. A request of a blob has a length, and
 * can be sent again.
 */
export class StreamedBlob extends Blob {
  readonly #read: ReadStretch;
  readonly #start: number;
  override readonly size: number;

  /** Bytes [start, start + size) of what `read` reads. */
  constructor(read: ReadStretch, size: number, start = 0) {
    super([]);
    this.#read = read;
    this.#start = start;
    this.size = size;
  }

  override slice(start = 0, end = this.size): StreamedBlob {
    const from = Math.min(Math.max(0, start), this.size);
    const to = Math.min(Math.max(from, end), this.size);
    return new StreamedBlob(this.#read, to - from, this.#start + from);
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return new Response(this.stream()).arrayBuffer();
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override stream(): ReturnType<Blob["stream"]> {
    const blocks = this.#read(this.#start, this.#start + this.size)[Symbol.asyncIterator]();
    const stream = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const next = await blocks.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        },
        async cancel() {
          await blocks.return?.();
        },
      },
      { highWaterMark: 1 },
    );
    return stream as ReturnType<Blob["stream"]>;
  }
}
