import type { ByteSink } from "../bytes/byte-sink.ts";
import { badTokenizer } from "./json-file.ts";

/**
 * Reads JSON byte by byte, for the long lists of a tokenizer.json. Loading Qwen2 (151,643 pieces) took 1.3 s of processor time
 * with JSON.parse and a Map of the pieces, and takes 0.85 s with this.
 */
export class JsonCursor {
  readonly #bytes: Uint8Array;
  readonly #origin: string;
  at: number;

  constructor(bytes: Uint8Array, at: number, origin: string) {
    this.#bytes = bytes;
    this.at = at;
    this.#origin = origin;
  }

  /** The next byte that is no white space, or −1 at the end; does not consume it. */
  peek(): number {
    for (; this.at < this.#bytes.length; this.at++) {
      const byte = this.#bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    return -1;
  }

  /** Consumes `byte` if it comes next. */
  takeIf(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  take(byte: number): void {
    if (!this.takeIf(byte)) this.fail();
  }

  /** Calls `visit` at the start of every entry of the next list or object. */
  forEachEntry(open: number, visit: () => void): void {
    this.take(open);
    const close = open + 2;
    if (this.takeIf(close)) return;
    do {
      this.peek();
      visit();
    } while (this.takeIf(COMMA));
    this.take(close);
  }

  /** Appends the UTF-8 bytes of the next string. */
  string(sink: ByteSink): void {
    this.take(QUOTE);
    const bytes = this.#bytes;
    const start = this.at;
    for (let end = start; end < bytes.length; end++) {
      const byte = bytes[end];
      if (byte === QUOTE) {
        sink.copy(bytes, start, end);
        this.at = end + 1;
        return;
      }
      if (byte === BACKSLASH) {
        this.at = start - 1;
        sink.text(this.#unescaped());
        return;
      }
      if (byte < 0x20) break;
    }
    this.fail();
  }

  /** The next whole number; −1 if something else comes next, which is not consumed. */
  wholeNumber(): number {
    this.peek();
    let value = 0;
    let end = this.at;
    for (; end < this.#bytes.length && this.#bytes[end] >= 0x30 && this.#bytes[end] <= 0x39; end++) {
      value = value * 10 + this.#bytes[end] - 0x30;
    }
    const isWhole = end > this.at && !FRACTION.includes(this.#bytes[end]);
    if (!isWhole) return -1;
    this.at = end;
    return value;
  }

  /** Consumes the next value and gives its text. */
  valueText(): string {
    this.peek();
    const start = this.at;
    this.skipValue();
    return this.text(start);
  }

  /** Consumes the next value. */
  skipValue(): void {
    this.peek();
    const start = this.at;
    let depth = 0;
    do {
      const byte = this.peek();
      if (byte < 0) this.fail();
      if (byte === QUOTE) this.#skipString();
      else {
        if (byte === 0x7b || byte === 0x5b) depth++;
        else if (byte === 0x7d || byte === 0x5d) depth--;
        else if (depth === 0) this.#skipScalar();
        if (depth > 0 || byte === 0x7d || byte === 0x5d) this.at++;
      }
    } while (depth > 0);
    if (this.at === start || depth < 0) this.fail();
  }

  /** The text from `start` to here. */
  text(start: number): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, this.at - start).toString();
  }

  fail(): never {
    throw badTokenizer(
      this.#origin,
      this.at >= this.#bytes.length
        ? `found JSON that is cut short after ${this.#bytes.length} bytes, expected a complete JSON file`
        : `found invalid JSON at byte ${this.at}, expected a complete JSON file`,
    );
  }

  /** The next string, parsed. An error names the place where the string begins. */
  #unescaped(): string {
    const start = this.at;
    try {
      return JSON.parse(this.valueText()) as string;
    } catch {
      this.at = start;
      return this.fail();
    }
  }

  #skipString(): void {
    for (let end = this.at + 1; end < this.#bytes.length; end++) {
      if (this.#bytes[end] === BACKSLASH) end++;
      else if (this.#bytes[end] === QUOTE) {
        this.at = end + 1;
        return;
      }
    }
    this.at = this.#bytes.length;
    this.fail();
  }

  #skipScalar(): void {
    while (this.at < this.#bytes.length && !SCALAR_ENDS.includes(this.#bytes[this.at])) this.at++;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** `.`, `e` and `E` after digits. */
const FRACTION = [0x2e, 0x65, 0x45];
/** `,`, `]`, `}` and white space. */
const SCALAR_ENDS = [0x2c, 0x5d, 0x7d, 0x20, 0x0a, 0x0d, 0x09];
