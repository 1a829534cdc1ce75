import { inspect } from "node:util";
import { RevocabError } from "@revocab/core";

/**
 * A token that cannot be printed by accident: as text, as JSON and in the console it is "(hidden)". A class, so that it
 * is closed.
 */
export class AccessToken {
  readonly #value: string;

  /** @throws RevocabError `bad_options` when this is no token of the Hub */
  constructor(value: string, origin: string) {
    if (!/^hf_[\x21-\x7e]+$/.test(value)) {
      throw new RevocabError(
        "bad_options",
        `${origin} holds no access token: one that begins with hf_ was expected`,
        {
          hint: "make one at https://huggingface.co/settings/tokens, or remove this one",
        },
      );
    }
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
