import { unusable } from "./server-fault.ts";

type Send = (address: string, init: RequestInit) => Promise<Response>;

/** Looks at each answer on the way, the last included; what it throws ends the way. */
export type OnHop = (response: Response, isRedirect: boolean) => void;

const MAX_REDIRECTS = 5;

/**
 * Sends a request and follows where the server leads. The access token stays behind as soon as the way leaves the origin
 * it was meant for, and does not come back; what is sent to be stored follows no redirect to another origin at all.
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
