import type { RevocabError } from "@revocab/core";

/**
 * What a server did wrong, in words for the end of "… failed: ". `hubFailure` makes it a `RevocabError` that also says
 * what was being done.
 */
export class ServerFault extends Error {
  readonly code: Extract<RevocabError["code"], "hub_failed" | "hub_unreachable">;
  readonly hint: string;

  /** `hub_unreachable` may pass and is tried again; `hub_failed` will not. */
  constructor(code: ServerFault["code"], message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** An answer that cannot be used, from a server that is none or means no good. */
export function unusable(message: string): ServerFault {
  return new ServerFault(
    "hub_failed",
    message,
    "check HF_ENDPOINT, and that no proxy answers in the Hub's place",
  );
}
