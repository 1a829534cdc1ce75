/** A growing run of bytes with the place where each entry ends; the store behind `bytesOf`. */
export class ByteSink {
  #bytes = new Uint8Array(1 << 20);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD, as in every encoder. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += ENCODER.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Forgets what was written since the sink had this length. */
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
