import { showMessage } from "@revocab/core";
import type { HiddenToken } from "./hidden-token.ts";

/**
 * A fault of a server; its message ends a sentence that begins with "… failed: ". Whoever asked turns it into a
 * `RevocabError` that also says what was being done, and what to do.
 *
 * `unusable`: an answer that cannot be used, and another attempt would bring no other. `silent`: no answer in time.
 * `stalled`: an answer that came too slowly.
 */
export class ServerFault extends Error {
  readonly kind: "unusable" | "silent" | "stalled";

  constructor(kind: ServerFault["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** An answer that cannot be used: the server is not what it should be, or hostile. */
export function unusable(message: string): ServerFault {
  return new ServerFault("unusable", message);
}

/**
 * What a server said, as a message of ours quotes it: without the token, other tokens of the Hub, and the queries of
 * addresses, which contain signatures.
 */
export function quoteServer(said: string, token: HiddenToken | undefined): string {
  const bare = said.replace(/(https?:\/\/[^\s?"]*)\?[^\s"]*/g, "$1");
  const hidden = (token === undefined ? bare : token.removeFrom(bare)).replace(/hf_\w{8,}/g, "(hidden)");
  return showMessage(hidden, LONGEST_ANSWER);
}

const LONGEST_ANSWER = 300;

/** A failure and what it came from; fetch itself says only "fetch failed". */
export function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let at = error; at instanceof Error && causes.length < 10; at = at.cause) causes.push(at);
  return causes;
}

/** Network errors of Node's fetch have a code; codes of a malformed answer begin with these. */
export function isNetworkError({ code, message }: NodeJS.ErrnoException): boolean {
  if (typeof code === "string") return !/^(HPE|Z|ERR)_/.test(code);
  return message === "fetch failed" || message === "terminated";
}

/** What the body of an error says: the server's own wording, or a line of text; nothing of a page. */
export function errorSaid(body: string): string {
  let said = body;
  try {
    said = wordingIn(JSON.parse(body));
  } catch {
    // no JSON: text, or the beginning of something longer
  }
  return /^\s*[<{[]/.test(said) ? "" : said.trim();
}

/** The Hub has `error`, OpenAI's API `error.message`, its imitations `message`, and FastAPI `detail`, a text or a list of faults. */
function wordingIn(value: unknown): string {
  const { error, message, detail } = fieldsOf(value);
  const [first] = Array.isArray(detail) ? detail : [];
  const wordings = [error, fieldsOf(error).message, message, detail, fieldsOf(first).msg];
  return wordings.find((wording) => typeof wording === "string") ?? "";
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
