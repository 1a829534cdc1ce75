import { HubApiError } from "@huggingface/hub";
import { RevocabError } from "@revocab/core";
import type { HubSettings } from "./hub-settings.ts";

/**
 * A failure of a request in words a user can act on. What servers say is quoted without the token and without the
 * queries of addresses, which sign them; the failure they came in is not kept, as it holds both.
 */
export function hubFailure(error: unknown, doing: string, settings: HubSettings): unknown {
  if (error instanceof RevocabError) return error;
  if (error instanceof HubApiError) return statusFailure(error.statusCode, saidBy(error), doing, settings);
  const { name, message } = error as Error;
  if (name === "AbortError" || name === "TimeoutError") return error;
  return new RevocabError(
    "hub_unreachable",
    `${doing} failed: ${settings.endpoint} could not be reached: ${quoted(reasonOf(error) || message, settings)}`,
    { hint: "check the network and HF_ENDPOINT; HF_HUB_OFFLINE=1 uses what is in the cache alone" },
  );
}

/** A status that no one should have answered, as a failure. */
export function statusFailure(
  status: number,
  said: string,
  doing: string,
  settings: HubSettings,
): RevocabError {
  const answer = said === "" ? `${status}` : `${status}, "${quoted(said, settings)}"`;
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
  const { error, message } = (data ?? {}) as { error?: unknown; message?: unknown };
  const text = typeof error === "string" ? error : typeof message === "string" ? message : "";
  return text.startsWith("<") ? "" : text;
}

/** The innermost reason: fetch says only "fetch failed". */
function reasonOf(error: unknown): string {
  let reason = "";
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    reason = at.message || code || reason;
  }
  return reason;
}

function quoted(text: string, { token }: HubSettings): string {
  const short = text.replace(/(https?:\/\/[^\s?"]*)\?[^\s"]*/g, "$1").slice(0, 300);
  return (token === undefined ? short : token.removeFrom(short)).replace(/hf_\w{8,}/g, "(hidden)");
}
