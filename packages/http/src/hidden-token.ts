import { inspect } from "node:util";

/**
 * A token that cannot be printed by accident: as text, as JSON and in the console it is "(hidden)". A class, so that it
 * is closed.
 */
export class HiddenToken {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The token itself: for the header of a request and nothing else. */
  reveal(): string {
    return this.#value;
  }

  /** The text without this token, should it be in it. */
  removeFrom(text: string): string {
    return text.replaceAll(this.#value, "(hidden)");
  }

  toString(): string {
    return "(hidden)";
  }

  toJSON(): string {
    return "(hidden)";
  }

  [inspect.custom](): string {
    return "(hidden)";
  }
}
