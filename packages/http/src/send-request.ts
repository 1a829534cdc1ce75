import { RevocabError } from "@revocab/core";
import type { NetworkLimits } from "./network-limits.ts";
import { ServerFault, unusable } from "./server-fault.ts";

/** A server, and the one place that its access token goes to. */
export interface Endpoint {
  /** Where it is, without a slash at the end. */
  readonly address: string;
  /** As messages call it: `the Hub`. */
  readonly name: string;
}

export interface SendOptions {
  readonly endpoint: Endpoint;
  readonly limits: NetworkLimits;
  /** Called with the bytes of a file as they are sent. */
  readonly onSent: (bytes: number) => void;
}

/**
 * Node's fetch keeps a copy of every body to send it again after a redirect, in memory: a file of 1.1 GB took 1.1 GB.
 * It does not for a request that has no window and allows no redirect. Storage does not redirect uploads.
 */
const WITHOUT_COPY = { window: null, redirect: "error" } as const;

/**
 * Sends one request and waits until its answer begins. Everything that revocab sends goes through here: a request with
 * the access token is sent to the endpoint's own origin only, and none is sent unencrypted when the endpoint's address is https.
 * Redirects come back as answers.
 * @throws ServerFault for such an address, or when no answer begins in time; RevocabError when the body's file cannot be read;
 *   whatever broke the connection
 */
export async function sendRequest(
  address: string,
  init: RequestInit,
  { endpoint, limits, onSent }: SendOptions,
): Promise<Response> {
  const url = checkAddress(address, endpoint);
  if (new Headers(init.headers).has("Authorization") && !isOfEndpoint(url, endpoint)) {
    throw unusable(
      `${endpoint.name} leads to ${url.origin}, which is not its own: the access token is not sent there`,
    );
  }
  const isReading = init.body === undefined || init.body === null;
  const time = isReading ? limits.answerTime : limits.workTime;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), time);
  const count = (bytes: number) => {
    timer.refresh();
    onSent(bytes);
  };
  const signal = init.signal ? AbortSignal.any([init.signal, silence.signal]) : silence.signal;
  try {
    const { body } = init;
    return await (body instanceof Blob
      ? fetch(url, { ...init, ...WITHOUT_COPY, body: new CountedBlob(body, count), signal })
      : fetch(url, { ...init, redirect: "manual", signal }));
  } catch (error) {
    // the body, which is a file here, could not be read: no fault of the connection
    if (error instanceof Error && error.cause instanceof RevocabError) throw error.cause;
    if (!silence.signal.aborted || init.signal?.aborted) throw error;
    throw new ServerFault("silent", `${url.host} did not answer within ${time / 1000} s`);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an address is of the endpoint's own origin: the same scheme, host and port. */
export function isOfEndpoint(url: URL, { address }: Pick<Endpoint, "address">): boolean {
  return url.origin === new URL(address).origin;
}

/**
 * An address that requests may go to.
 * @throws ServerFault for another one: the server, not the user, has named it
 */
export function checkAddress(address: string, endpoint: Endpoint): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === "";
  if (!isPlain) throw unusable(`${endpoint.name} leads to something that is no address of the web`);
  if (url.protocol === "http:" && endpoint.address.startsWith("https:")) {
    throw unusable(`${endpoint.name} leads to ${url.host} without encryption`);
  }
  return url;
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

type Send = (address: string, init: RequestInit) => Promise<Response>;

/** Called with each answer, redirects and the last one; what it throws ends the request. */
export type OnHop = (response: Response, isRedirect: boolean) => void;

const MAX_REDIRECTS = 5;

/**
 * Sends a request and follows where the server leads. The access token is dropped at the first redirect to another
 * origin, and stays dropped. An upload follows no redirect to another origin at all.
 * @returns the last answer, and where it came from
 * @throws ServerFault for a redirect that is not followed
 */
export async function followRedirects(
  send: Send,
  address: string,
  init: RequestInit,
  onHop: OnHop = () => undefined,
): Promise<{ response: Response; url: URL }> {
  const isReading = init.body === undefined || init.body === null;
  let url = new URL(address);
  let request = init;
  for (let redirects = 0; ; redirects++) {
    const response = await send(url.href, request);
    const location = response.headers.get("Location");
    const isRedirect = REDIRECTS.has(response.status) && location !== null;
    onHop(response, isRedirect);
    if (!isRedirect) return { response, url };
    discard(response);
    if (redirects === MAX_REDIRECTS) throw unusable(`it is redirected more than ${MAX_REDIRECTS} times`);
    if (!URL.canParse(location, url.href)) {
      throw unusable(`${url.host} redirects to something that is no address`);
    }
    const next = new URL(location, url);
    if (next.origin !== url.origin) {
      if (!isReading) throw unusable(`${url.host} redirects what was sent to it to ${next.host}`);
      request = { ...request, headers: withoutToken(request.headers) };
    } else if (!isReading && !KEEP_BODY.has(response.status)) {
      throw unusable(`${url.host} answers what was sent to it with the redirect ${response.status}`);
    }
    url = next;
  }
}

/** Lets go of a body that nobody reads. Not awaited: it may never settle. */
export function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined);
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const KEEP_BODY: ReadonlySet<number> = new Set([307, 308]);

function withoutToken(headers: RequestInit["headers"]): Headers {
  const kept = new Headers(headers);
  kept.delete("Authorization");
  return kept;
}
