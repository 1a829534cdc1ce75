/**
 * A value of a header's JSON with all that the safetensors library tells apart and `JSON.parse` does not: keys in their
 * order with repetitions, counts apart from other numbers.
 */
export type HeaderValue = null | boolean | string | Count | OtherNumber | readonly HeaderValue[] | Entries;

/** A number written as a whole one from 0 to 2⁶⁴ − 1; a bigint above 2⁵³ − 1. */
export type Count = number | bigint;

/** Any other number: negative, with a fraction or an exponent, or larger. */
export class OtherNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The keys and values of an object, as they stand. */
export class Entries {
  readonly list: readonly (readonly [string, HeaderValue])[];

  constructor(list: readonly (readonly [string, HeaderValue])[]) {
    this.list = list;
  }
}

/** Why a header is no JSON, and where. */
export class HeaderSyntaxError extends Error {}

/**
 * Reads JSON as serde_json does, the library's reader: no lone surrogates in strings, no number that is infinite as f64,
 * at most 127 levels of nesting.
 * @throws HeaderSyntaxError
 */
export function parseHeaderJson(text: string): HeaderValue {
  const reader = new Reader(text);
  const value = reader.value(MOST_LEVELS);
  reader.end();
  return value;
}

/** The recursion limit of serde_json. */
const MOST_LEVELS = 127;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS = [
  ["null", null],
  ["true", true],
  ["false", false],
] as const;
const LONE_SURROGATE = /\p{Surrogate}/u;
const LARGEST_COUNT = 2n ** 64n - 1n;

/** A class because every step moves the place where the next one begins. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(levels: number): HeaderValue {
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === "{" || first === "[") {
      if (levels === 0) this.#fail("nesting beyond 127 levels");
      return first === "{" ? this.#object(levels - 1) : this.#array(levels - 1);
    }
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("something after the end of the JSON");
  }

  #object(levels: number): Entries {
    const list: [string, HeaderValue][] = [];
    this.#at++;
    if (this.#passes("}")) return new Entries(list);
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail("no key in quotes");
      const key = this.#string();
      if (!this.#passes(":")) this.#fail("no colon after a key");
      list.push([key, this.value(levels)]);
    } while (this.#passes(","));
    if (!this.#passes("}")) this.#fail("neither a comma nor a closing brace");
    return new Entries(list);
  }

  #array(levels: number): HeaderValue[] {
    const items: HeaderValue[] = [];
    this.#at++;
    if (this.#passes("]")) return items;
    do items.push(this.value(levels));
    while (this.#passes(","));
    if (!this.#passes("]")) this.#fail("neither a comma nor a closing bracket");
    return items;
  }

  #string(): string {
    let end = this.#text.indexOf('"', this.#at + 1);
    while (end > 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) this.#fail("a string without an end");
    let value: string;
    try {
      value = JSON.parse(this.#text.slice(this.#at, end + 1)) as string;
    } catch {
      return this.#fail("a string with a control character or an escape that there is not");
    }
    if (LONE_SURROGATE.test(value)) this.#fail("a string with half a surrogate pair");
    this.#at = end + 1;
    return value;
  }

  /** Whether an odd number of backslashes stands before the place. */
  #isEscaped(place: number): boolean {
    let start = place;
    while (this.#text[start - 1] === "\\") start--;
    return (place - start) % 2 === 1;
  }

  #number(): Count | OtherNumber {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) this.#fail("no JSON value");
    const value = Number(text);
    if (!Number.isFinite(value)) this.#fail("a number beyond the largest of 64 bits");
    this.#at += text.length;
    if (!/^[0-9]+$/.test(text)) return new OtherNumber(text);
    if (Number.isSafeInteger(value)) return value;
    const exact = BigInt(text);
    return exact > LARGEST_COUNT ? new OtherNumber(text) : exact;
  }

  /** Goes on behind this character where it is the next one that is no space. */
  #passes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #fail(found: string): never {
    throw new HeaderSyntaxError(`${found} at character ${this.#at}`);
  }
}
