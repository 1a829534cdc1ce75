/** A growing byte buffer. */
export class ByteSink {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 1 << 20) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The buffer in use, valid to `length` and until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    // Tokens are short: below some 50 bytes a loop beats set(subarray()).
    for (let i = start; i < end; i++) this.#bytes[this.#length++] = source[i];
  }

  /** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD, as in every encoder. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += ENCODER.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Removes bytes[start … end); the rest moves up. */
  remove(start: number, end: number): void {
    this.#bytes.copyWithin(start, end, this.#length);
    this.#length -= end - start;
  }

  /** Removes what was written since the sink had this length. */
  rewind(length: number): void {
    this.#length = length;
  }

  /** What was written, in a buffer of just that size. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

const ENCODER = new TextEncoder();
