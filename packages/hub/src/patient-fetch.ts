import { setTimeout } from "node:timers/promises";
import { type ProgressListener, throwIfAborted } from "@revocab/core";

export interface PatientFetchOptions {
  readonly abortSignal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /** Times a request is sent before its failure counts. @default 5 */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubled for each further one, up to 30 s. @default 1000 */
  readonly firstDelay?: number;
  /** Called with the bytes of a request's body as they are sent; with a negative number when they must be sent again. */
  readonly onSent?: (bytes: number) => void;
  /**
   * A request that must not be sent twice, as it may have been carried out though it failed, nor be stopped on its way,
   * as no one would know whether it was.
   * @default none
   */
  readonly isOnce?: (url: string, method: string) => boolean;
}

const MAX_DELAY = 30_000;
/** A server that asks for more patience than this is given up on, with what it said. */
const MAX_RETRY_AFTER = 300_000;

/**
 * Node's fetch keeps a copy of every body to send it again after a redirect, in memory: a file of 1.1 GB took 1.1 GB.
 * It does not for a request that has no window and allows no redirect. Storage does not redirect uploads.
 */
const WITHOUT_COPY = { window: null, redirect: "error" } as const;

/**
 * `fetch` that tries again after 429 (as long as Retry-After says), 5xx and broken connections, and that never sends
 * anything once the signal is raised: the library's own check misses a signal that is raised already, and commits.
 */
export function patientFetch({
  abortSignal,
  onProgress,
  attempts = 5,
  firstDelay = 1000,
  onSent,
  isOnce = () => false,
}: PatientFetchOptions = {}): typeof fetch {
  let wasReached = false;
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const method = init.method ?? "GET";
    const signal = AbortSignal.any([abortSignal, init.signal].filter((one) => one instanceof AbortSignal));
    const once = isOnce(url, method);
    let sent = 0;
    const count = (bytes: number) => {
      sent += bytes;
      onSent?.(bytes);
    };
    const send = () => {
      throwIfAborted(abortSignal);
      const rest = { ...init, signal: once ? null : signal };
      if (!(init.body instanceof Blob)) return fetch(input, rest);
      const body = onSent ? new CountedBlob(init.body, count) : init.body;
      return fetch(input, { ...rest, ...WITHOUT_COPY, body });
    };
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt >= attempts;
      let why: string;
      let wait = Math.min(MAX_DELAY, firstDelay * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
      try {
        const response = await send();
        wasReached = true;
        const isBusy = response.status === 429;
        if (!isBusy && response.status < 500) return response;
        if (isLast || (!isBusy && once)) return response;
        const asked = retryAfter(response.headers.get("Retry-After"));
        if (asked !== undefined && asked > MAX_RETRY_AFTER) return response;
        wait = Math.max(wait, asked ?? 0);
        why = `answered ${response.status}`;
        await response.body?.cancel();
      } catch (error) {
        if (!once) throwIfAborted(abortSignal);
        if (isLast || once || init.signal?.aborted) throw error;
        if (!wasReached && isUnknownHost(error)) throw error;
        why = "broke the connection";
      }
      const message = `${new URL(url).host} ${why}; attempt ${attempt + 1} of ${attempts} in ${(wait / 1000).toFixed(1)} s`;
      count(-sent);
      onProgress?.({ type: "note", step: "hub", message });
      await setTimeout(wait, undefined, { signal }).catch(() => {
        throwIfAborted(abortSignal);
        init.signal?.throwIfAborted();
      });
    }
  };
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
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

/** A blob that tells of its bytes as they are read. It stays a blob, so that a request of it has a length. */
class CountedBlob extends Blob {
  readonly #inner: Blob;
  readonly #onSent: (bytes: number) => void;
  override readonly size: number;

  constructor(inner: Blob, onSent: (bytes: number) => void) {
    super([], { type: inner.type });
    this.#inner = inner;
    this.#onSent = onSent;
    this.size = inner.size;
  }

  override stream() {
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform: (block, controller) => {
        this.#onSent(block.length);
        controller.enqueue(block);
      },
    });
    return this.#inner.stream().pipeThrough(count) as ReturnType<Blob["stream"]>;
  }
}
