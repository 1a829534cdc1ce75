import { type Job, quote, RevocabError, throwIfAborted } from "@revocab/core";
import { parseJson } from "@revocab/files";
import {
  causesOf,
  HiddenToken,
  httpClient,
  isNetworkError,
  type NetworkLimits,
  type PatienceOptions,
  quoteServer,
  ServerFault,
} from "@revocab/http/internal";

export interface ModelServerOptions extends Omit<PatienceOptions, "job"> {
  /** Address of the API, such as `http://127.0.0.1:8000/v1`. */
  readonly server: string;
  /** Sent to this server alone. No message contains it. */
  readonly token?: string;
  /** How much an answer may cost. @default 64 MB, 300 s until it begins */
  readonly limits?: Partial<NetworkLimits>;
}

/** A server of models: requests go to it with its token, and failures say what was being done. */
export interface ModelServer {
  /** Without a slash at the end. */
  readonly address: string;
  /** @throws RevocabError `server_denied`, `server_unreachable`, `server_failed`, `not_finite`, `aborted` */
  ask(request: ServerRequest, job?: Job): Promise<Answer>;
  /** The error for an answer that is no good. */
  refused(answer: Refusal, doing: string): RevocabError;
  /** A refusal in few words: the status, and what the server said. */
  wordingOf(answer: Refusal): string;
  /** What the server said, safe to show, without the token. */
  quote(said: string): string;
}

export interface ServerRequest {
  /** What is being done, for messages: `listing the models`. */
  readonly doing: string;
  /** Below the address; one that begins with `/` is below the server's root. */
  readonly path: string;
  /** Sent as JSON. @default none: the path is only read */
  readonly body?: unknown;
  /** @default those of the server's options */
  readonly attempts?: number;
  /** Of this request alone. */
  readonly signal?: AbortSignal;
}

export type Answer = { readonly isGood: true; readonly value: unknown } | Refusal;

/** A status other than success, with the server's wording. */
export interface Refusal {
  readonly isGood: false;
  readonly status: number;
  readonly said: string;
}

/** @throws RevocabError `bad_options` for an address or a token that is none */
export function modelServer({ server, token, ...patience }: ModelServerOptions): ModelServer {
  const address = checkServer(server);
  const hidden = token === undefined ? undefined : new HiddenToken(checkToken(token));
  const quoted = (said: string) => quoteServer(said, hidden);
  const wordingOf = ({ status, said }: Refusal) =>
    said === "" ? `${status}` : `${status}, "${quoted(said)}"`;
  const refused = (answer: Refusal, doing: string) => {
    const isDenied = DENIALS.has(answer.status);
    return new RevocabError(
      isDenied ? "server_denied" : "server_failed",
      `${doing} failed: ${address} answered ${wordingOf(answer)}`,
      { hint: isDenied ? deniedHint(hidden) : hintFor(answer.status) },
    );
  };
  return {
    address,
    refused,
    wordingOf,
    quote: quoted,
    async ask({ doing, path, body, attempts = patience.attempts, signal }, job) {
      const client = httpClient({
        ...patience,
        attempts,
        job,
        endpoint: { address, name: "the server" },
        token: hidden,
        step: "server",
        limits: { ...LIMITS, ...patience.limits },
      });
      const url = path.startsWith("/") ? `${rootOf(address)}${path}` : `${address}/${path}`;
      try {
        const response = await client.fetch(url, {
          headers: {
            ...client.authorization,
            Accept: "application/json",
            "Content-Type": "application/json",
          },
          ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
          signal,
        });
        const text = await response.text();
        if (response.ok) return { isGood: true, value: parseAnswer(text, address) };
        const { error } = JSON.parse(text) as { error: string };
        const refusal: Refusal = { isGood: false, status: response.status, said: error };
        if (DENIALS.has(response.status)) throw refused(refusal, doing);
        return refusal;
      } catch (error) {
        throwIfAborted(job?.abortSignal);
        throw serverFailure(error, doing, address, quoted);
      }
    },
  };
}

const DENIALS: ReadonlySet<number> = new Set([401, 403]);

/** An answer for a prompt of 100,000 tokens has some 30 MB. */
const LIMITS = { answerBytes: 64e6 };

function checkServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url !== undefined && isPlain && /^https?:$/.test(url.protocol)) {
    return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  }
  // the text is not quoted: it may hold a password
  throw new RevocabError("bad_options", "`server` is no address such as http://127.0.0.1:8000/v1", {
    hint: "give http:// or https://, a host and mostly /v1, without a user, a password or a query",
  });
}

/** The address without its version: the place of what is not of OpenAI's API. */
function rootOf(address: string): string {
  return address.replace(/\/v\d+$/, "");
}

function checkToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new RevocabError("bad_options", "the server's token holds characters that no token has", {
    hint: "give it without spaces and line ends",
  });
}

/** Python writes NaN and infinities into JSON, which has none. */
const NOT_FINITE = /[[:,]\s*(-?Infinity|NaN)\b/;

function parseAnswer(text: string, address: string): unknown {
  try {
    return parseJson(text, { origin: address, code: "server_failed" });
  } catch {
    const [, found] = NOT_FINITE.exec(text) ?? [];
    if (found === undefined) {
      // not quoted: it may begin with a part of the token
      throw new RevocabError(
        "server_failed",
        `${address} answered with ${text.length} characters that are no JSON, or cut short`,
        { hint: UNUSABLE_HINT },
      );
    }
    throw new RevocabError("not_finite", `${address} answered with ${found}, expected finite numbers`, {
      hint: "look for NaN, infinity or very large values in the served model's weights",
    });
  }
}

function serverFailure(
  error: unknown,
  doing: string,
  address: string,
  quoted: (said: string) => string,
): RevocabError {
  const reasons = causesOf(error);
  const known = reasons.find((reason) => reason instanceof RevocabError || reason instanceof ServerFault);
  if (known instanceof RevocabError) return known;
  if (known instanceof ServerFault) {
    const isUnusable = known.kind === "unusable";
    return new RevocabError(
      isUnusable ? "server_failed" : "server_unreachable",
      `${doing} failed: ${quoted(known.message)}`,
      {
        hint: isUnusable
          ? UNUSABLE_HINT
          : "the server is too slow, or hangs: send fewer `requests` at once, or look at its log",
      },
    );
  }
  const { message = "", code } = (reasons.at(-1) ?? {}) as NodeJS.ErrnoException;
  const isOfNetwork = reasons.some((one) => isNetworkError(one as NodeJS.ErrnoException));
  const what = isOfNetwork ? "could not be reached" : "answered something that is no answer to it";
  return new RevocabError(
    isOfNetwork ? "server_unreachable" : "server_failed",
    `${doing} failed: ${address} ${what}: ${quoted(message || code || quote(String(error)))}`,
    { hint: isOfNetwork ? "check the address, and that the server runs" : UNUSABLE_HINT },
  );
}

const UNUSABLE_HINT =
  "check that the address is of an OpenAI-compatible server, and that no proxy answers in its place";

function deniedHint(token: HiddenToken | undefined): string {
  return token === undefined
    ? "the server wants a token: give the one that it was started with"
    : "the server does not take this token: give the one that it was started with";
}

function hintFor(status: number): string {
  if (status === 404) return "check the address, which mostly ends in /v1, and the name of the served model";
  if (status === 429) return "the server is asked too much: send fewer `requests` at once";
  if (status >= 500) return "the server has a fault: look at its log";
  return "the server does not take the request: see its wording, and its log";
}
