import { setTimeout } from "node:timers/promises";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { discard } from "./send-request.ts";
import { ServerFault } from "./server-fault.ts";

export interface PatienceOptions {
  readonly job?: Job;
  /** Times a request is sent before its failure counts. @default 5 */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubled for each further one, up to 30 s. @default 1000 */
  readonly firstDelay?: number;
}

export interface PatientRequest extends PatienceOptions {
  readonly url: string;
  /** The step of its notes. */
  readonly step: string;
  /** Of this request alone; `abortSignal` is that of the whole job. */
  readonly signal?: AbortSignal | undefined;
  /** Must not be sent twice, as it may have been carried out though it failed. @default false */
  readonly isOnce?: boolean;
  /** Milliseconds without a byte gained after which nothing is tried any more. */
  readonly patience: number;
  /** Sends it; calls `onGain` whenever bytes of it have gone. */
  readonly send: (onGain: () => void) => Promise<Response>;
  /** Called before the request is sent again; what was sent so far does not count. */
  readonly onAgain?: () => void;
  /** Whether a server has answered before: an unknown host is then a passing fault. */
  readonly wasReached: boolean;
}

const MAX_DELAY = 30_000;

/**
 * Sends a request again after 429 (after the time in Retry-After), 5xx and broken connections, until the attempts or the
 * patience are used up; the last answer or failure is then the result. Nothing is sent once the signal is raised: the check
 * of the Hub's library misses a signal that was raised before, and commits.
 */
export async function patientFetch({
  url,
  step,
  send,
  signal,
  patience,
  isOnce = false,
  wasReached,
  job,
  onAgain,
  attempts = 5,
  firstDelay = 1000,
}: PatientRequest): Promise<Response> {
  let gained = performance.now();
  const onGain = () => {
    gained = performance.now();
  };
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt >= attempts;
    let wait = Math.min(MAX_DELAY, firstDelay * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
    const isTooLong = () => performance.now() - gained + wait > patience;
    let why: string;
    try {
      throwIfAborted(job?.abortSignal);
      const response = await send(onGain);
      const isBusy = response.status === 429;
      if (!isBusy && response.status < 500) return response;
      if (isLast || (!isBusy && isOnce)) return response;
      wait = Math.max(wait, retryAfter(response.headers.get("Retry-After")) ?? 0);
      if (isTooLong()) return response;
      why = `answered ${response.status}`;
      discard(response);
    } catch (error) {
      if (!isOnce) throwIfAborted(job?.abortSignal);
      const isFinal =
        error instanceof RevocabError || (error instanceof ServerFault && error.kind === "unusable");
      if (isLast || isOnce || isFinal || isTooLong() || signal?.aborted) throw error;
      if (!wasReached && isUnknownHost(error)) throw error;
      why = error instanceof ServerFault ? "came to a standstill" : "broke the connection";
    }
    const message = `${new URL(url).host} ${why}; attempt ${attempt + 1} of ${attempts} in ${(wait / 1000).toFixed(1)} s`;
    onAgain?.();
    job?.onProgress?.({ type: "note", step, message });
    await setTimeout(wait, undefined, { signal: anyOf(job?.abortSignal, signal) }).catch(() => {
      throwIfAborted(job?.abortSignal);
      signal?.throwIfAborted();
    });
  }
}

/** Raised when one of these is; never when there are none. */
export function anyOf(...signals: readonly (AbortSignal | null | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal instanceof AbortSignal));
}

/** A host that was never reached and whose name is not known: the machine is offline, or the name is wrong. */
function isUnknownHost(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "ENOTFOUND" || code === "EAI_AGAIN";
}

/** Milliseconds, from seconds or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
