import { HubApiError } from "@huggingface/hub";
import { RevocabError } from "@revocab/core";
import { causesOf, isNetworkError, quoteServer, ServerFault } from "@revocab/http/internal";
import type { HubSettings } from "./hub-settings.ts";

/**
 * Turns the failure of a request into an error that a user can act on. The server's words are quoted without the token
 * and without the queries of addresses, which contain signatures. The failure itself is not kept as the cause: it holds
 * both.
 */
export function hubFailure(error: unknown, doing: string, settings: HubSettings): unknown {
  const reasons = causesOf(error);
  const known = reasons.find((reason) => reason instanceof RevocabError || reason instanceof ServerFault);
  if (known instanceof RevocabError) return known;
  if (known !== undefined) {
    const { kind, message } = known as ServerFault;
    return new RevocabError(
      kind === "unusable" ? "hub_failed" : "hub_unreachable",
      `${doing} failed: ${quoteServer(message, settings.token)}`,
      { hint: FAULT_HINTS[kind] },
    );
  }
  if (error instanceof HubApiError) return statusFailure(error.statusCode, saidBy(error), doing, settings);
  if (reasons.some(({ name }) => name === "AbortError" || name === "TimeoutError")) return error;
  const { message = "", code } = (reasons.at(-1) ?? {}) as NodeJS.ErrnoException;
  const reason = quoteServer(message || code || String(error), settings.token);
  const isOfNetwork = reasons.some((one) => isNetworkError(one as NodeJS.ErrnoException));
  if (isOfNetwork) {
    return new RevocabError(
      "hub_unreachable",
      `${doing} failed: ${settings.endpoint} could not be reached: ${reason}`,
      { hint: "check the network and HF_ENDPOINT; HF_HUB_OFFLINE=1 uses what is in the cache alone" },
    );
  }
  // the library met something that it did not expect in an answer
  return new RevocabError(
    "hub_failed",
    `${doing} failed: ${settings.endpoint} answered something that is no answer to it: ${reason}`,
    { hint: FAULT_HINTS.unusable },
  );
}

const FAULT_HINTS: Readonly<Record<ServerFault["kind"], string>> = {
  unusable: "check HF_ENDPOINT, and that no proxy answers in the Hub's place",
  silent: "the server, or a proxy before it, hangs: try again later",
  stalled: "try again: what has come is kept; a slow network needs HF_HUB_OFFLINE and a copy of the cache",
};

/** The error for an HTTP status, with what the user can do about it. */
export function statusFailure(
  status: number,
  said: string,
  doing: string,
  settings: HubSettings,
): RevocabError {
  const answer = said === "" ? `${status}` : `${status}, "${quoteServer(said, settings.token)}"`;
  const what = `${doing} failed: ${settings.endpoint} answered ${answer}`;
  if (status === 401) {
    return new RevocabError("hub_denied", what, {
      hint:
        settings.token === undefined
          ? "there is no such repository, or it is private: check the name, and set HF_TOKEN or run hf auth login"
          : "the token is wrong or has expired, or there is no such repository: check the name and HF_TOKEN",
    });
  }
  if (status === 403) {
    return new RevocabError("hub_denied", what, {
      hint: "accept the model's terms on its page, or use a token that may do this (write access for publishing)",
    });
  }
  if (status === 404) {
    return new RevocabError("hub_missing", what, {
      hint: "check the name and the revision; a private repository needs a token that may see it",
    });
  }
  if (status === 429) {
    return new RevocabError("hub_failed", what, {
      hint: "too many requests: wait some minutes, and set HF_TOKEN",
    });
  }
  return new RevocabError("hub_failed", what, {
    hint:
      status >= 500
        ? "the server has a fault: try again later"
        : "try again; if it stays, report it with this message",
  });
}

function saidBy({ data }: HubApiError): string {
  const { error } = (data ?? {}) as { error?: unknown };
  return typeof error === "string" ? error : "";
}
