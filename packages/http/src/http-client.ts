import type { Job } from "@revocab/core";
import type { HiddenToken } from "./hidden-token.ts";
import { NETWORK_LIMITS, type NetworkLimits } from "./network-limits.ts";
import { anyOf, type PatienceOptions, patientFetch } from "./patient-fetch.ts";
import { readAnswer, readError } from "./read-body.ts";
import {
  checkAddress,
  discard,
  type Endpoint,
  followRedirects,
  type OnHop,
  sendRequest,
} from "./send-request.ts";
import { errorSaid, unusable } from "./server-fault.ts";

export interface ClientOptions extends PatienceOptions {
  readonly endpoint: Endpoint;
  readonly token?: HiddenToken | undefined;
  /** The step of notes about attempts. */
  readonly step: string;
  /** @default NETWORK_LIMITS */
  readonly limits?: Partial<NetworkLimits>;
  /** Called with the bytes of a request's body as they are sent; with a negative number when they must be sent again. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /**
   * Whether a request is neither repeated nor aborted on its way: one that failed or was stopped may still have been
   * carried out.
   * @default none
   */
  readonly isOnce?: ((url: string, method: string) => boolean) | undefined;
}

/** How revocab talks to a server. */
export interface HttpClient {
  readonly limits: NetworkLimits;
  /** For answers that are held in memory: they are read whole or requested again, and error bodies are cut short. */
  readonly fetch: typeof fetch;
  /** For files: an answer of the server, or of where it leads, whose body is still to come through `readBody`. */
  open(request: OpenRequest): Promise<{ readonly response: Response; readonly url: URL }>;
  /** The header that carries the token, for requests that begin at the endpoint. */
  readonly authorization: { readonly Authorization?: string };
}

export interface OpenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly job?: Job;
  readonly onHop?: OnHop;
}

/** A client of one server. Its failures are `ServerFault`s and those of Node's fetch; `aborted` when the job is stopped. */
export function httpClient(options: ClientOptions): HttpClient {
  const { endpoint, token, job, isOnce = () => false, onSent = () => undefined } = options;
  const limits = { ...NETWORK_LIMITS, ...options.limits };
  let wasReached = false;

  /** Sends a request, follows it, and lets `take` make of its good answer what the caller gets. */
  const send = async (
    url: string,
    init: RequestInit,
    take: (response: Response, signal: AbortSignal) => Promise<Response>,
    onHop?: OnHop,
  ) => {
    const once = isOnce(url, init.method ?? "GET");
    const signal = once ? anyOf() : anyOf(job?.abortSignal, init.signal);
    let end = checkAddress(url, endpoint);
    let sent = 0;
    const response = await patientFetch({
      ...options,
      url,
      signal: init.signal ?? undefined,
      isOnce: once,
      patience: limits.patience,
      wasReached,
      async send(onGain) {
        const count = (bytes: number) => {
          onGain();
          sent += bytes;
          onSent(bytes);
        };
        const sendOne = async (address: string, request: RequestInit) => {
          const answer = await sendRequest(address, request, { endpoint, limits, onSent: count });
          wasReached = true;
          return answer;
        };
        const followed = await followRedirects(sendOne, url, { ...init, signal }, onHop);
        end = followed.url;
        return followed.response.ok ? take(followed.response, signal) : errorOf(followed.response, signal);
      },
      onAgain() {
        onSent(-sent);
        sent = 0;
      },
    });
    return { response, url: end };
  };

  const whole = async (response: Response, signal: AbortSignal) => {
    const { status, headers } = response;
    if (HAS_NO_BODY.has(status)) {
      discard(response);
      return new Response(null, { status, headers });
    }
    return new Response(await readAnswer(response, limits, signal), { status, headers });
  };
  /** An error as the server words it, and no more of it: whatever else it may have sent. */
  const errorOf = async (response: Response, signal: AbortSignal) => {
    const { status } = response;
    if (status < 400 || status > 599) {
      discard(response);
      throw unusable(`${endpoint.address} answered ${status}, which is no answer to this request`);
    }
    const error = errorSaid(await readError(response, limits, signal));
    const patience = response.headers.get("Retry-After");
    const headers: Record<string, string> = patience === null ? {} : { "Retry-After": patience };
    return Response.json({ error }, { status, headers });
  };

  return {
    limits,
    fetch: async (input, init = {}) => {
      const url = input instanceof Request ? input.url : String(input);
      return (await send(url, init, whole)).response;
    },
    open: ({ url, headers, job, onHop }) =>
      send(url, { headers, signal: job?.abortSignal }, async (response) => response, onHop),
    authorization: token === undefined ? {} : { Authorization: `Bearer ${token.reveal()}` },
  };
}

const HAS_NO_BODY: ReadonlySet<number> = new Set([204, 205]);
