import { RevocabError } from "@revocab/core";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";
import type { RepositoryFile } from "./list-repository.ts";

export interface OpenRangeOptions {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
  readonly file: RepositoryFile;
  /** First byte, and the byte after the last. */
  readonly start: number;
  readonly end: number;
  readonly abortSignal?: AbortSignal | undefined;
  /** Remembers where the Hub redirects to, for the next range of the same file. */
  readonly route?: { storage?: string | undefined } | undefined;
}

const MAX_REDIRECTS = 5;

/**
 * Asks for bytes [start, end) of a file and gives them as they come; fewer when the connection breaks or the server
 * sends less. Redirects are followed here: the first answer names the file's hash, and the token must not go along to
 * another host.
 * @throws RevocabError `hub_damaged` when the server has another version of the file, or answers a range with something
 *   else; what a status means
 */
export async function openRange(options: OpenRangeOptions): Promise<AsyncIterable<Uint8Array>> {
  const { client, repository, commit, file, start, end } = options;
  const doing = `downloading ${file.path} of ${repository}`;
  const isWhole = start === 0 && end === file.bytes;
  const response = await client.during(doing, () =>
    follow(options, isWhole ? {} : { Range: `bytes=${start}-${end - 1}` }),
  );
  if (!response.ok) {
    const said = await response.text().catch(() => "");
    throw statusFailure(
      response.status,
      errorIn(said),
      `${doing} at ${commit.slice(0, 12)}`,
      client.settings,
    );
  }
  if (!isWhole) checkRange(response, options);
  const { body } = response;
  return body === null ? empty() : blocksOf(body, options.abortSignal);
}

async function follow(options: OpenRangeOptions, range: Record<string, string>): Promise<Response> {
  const { client, repository, commit, file, abortSignal, route } = options;
  const { endpoint, token } = client.settings;
  const get = (url: URL) =>
    client.fetch(url.href, {
      redirect: "manual",
      ...(abortSignal && { signal: abortSignal }),
      headers: {
        ...range,
        // or fetch asks for gzip, and offsets would be those of the compressed bytes
        "Accept-Encoding": "identity",
        ...(isOfHub(url, endpoint) && token && { Authorization: `Bearer ${token.reveal()}` }),
      },
    });
  if (route?.storage !== undefined) {
    const response = await get(new URL(route.storage));
    if (response.ok) return response;
    // a signed address expires, after an hour or so: the Hub gives another
    route.storage = undefined;
    await response.body?.cancel();
  }
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  let url = new URL(`${endpoint}/${repository}/resolve/${commit}/${path}`);
  let isChecked = false;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(url);
    const location = response.headers.get("Location");
    const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
    if (!isChecked && (isRedirect || response.ok)) {
      // the Hub's own answer names the version; storage hosts have ETags of other forms
      const etag =
        response.headers.get("X-Linked-ETag") ?? (isRedirect ? null : response.headers.get("ETag"));
      isChecked = isOfVersion(etag, options, response);
    }
    if (!isRedirect) {
      if (route !== undefined && response.ok && !isOfHub(url, endpoint)) route.storage = url.href;
      return response;
    }
    await response.body?.cancel();
    const next = new URL(location, url);
    if (url.protocol === "https:" && next.protocol !== "https:") {
      throw new RevocabError(
        "hub_failed",
        `${url.host} redirects ${file.path} to an address without encryption`,
        {
          hint: "check HF_ENDPOINT",
        },
      );
    }
    url = next;
  }
  throw new RevocabError(
    "hub_failed",
    `${file.path} of ${repository} is redirected more than ${MAX_REDIRECTS} times`,
    {
      hint: "check HF_ENDPOINT",
    },
  );
}

function isOfHub(url: URL, endpoint: string): boolean {
  return url.origin === new URL(endpoint).origin;
}

/** An ETag in the form of a hash must be the hash; says whether it was in that form. */
function isOfVersion(
  header: string | null,
  { file, repository }: OpenRangeOptions,
  response: Response,
): boolean {
  const etag = header?.replace(/^W\//, "").replaceAll('"', "");
  const isHash = etag !== undefined && /^[0-9a-f]+$/.test(etag) && etag.length === file.hash.hex.length;
  if (!isHash || etag === file.hash.hex) return isHash;
  void response.body?.cancel();
  throw new RevocabError(
    "hub_damaged",
    `the server has ${file.path} of ${repository} with the hash ${etag}, but the Hub lists ${file.hash.hex}`,
    {
      hint: "a mirror or a proxy serves another version of the file: try again later, or another HF_ENDPOINT",
    },
  );
}

function checkRange(response: Response, { file, repository, start, end }: OpenRangeOptions): void {
  const header = response.headers.get("Content-Range");
  const [, first, , total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "") ?? [];
  if (response.status === 206 && Number(first) === start && Number(total) === file.bytes) return;
  void response.body?.cancel();
  throw new RevocabError(
    "hub_damaged",
    `bytes ${start}–${end - 1} of ${file.bytes} of ${file.path} in ${repository} were asked for, and the server answered ` +
      `${response.status} with ${header === null ? "no range" : `"${header}"`}`,
    {
      hint: "the server, or a proxy before it, does not serve ranges of files: use another HF_ENDPOINT or network",
    },
  );
}

function errorIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}

/**
 * The blocks of a body until its end or the abort. Node's own iterator can wait for ever when the request is aborted
 * while a block is on its way: neither its next block nor its cancellation ever comes.
 */
async function* blocksOf(
  body: ReadableStream<Uint8Array>,
  abortSignal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let stop: (reason: unknown) => void = () => undefined;
  const onAbort = () => stop(abortSignal?.reason);
  abortSignal?.addEventListener("abort", onAbort);
  const next = () =>
    new Promise<Awaited<ReturnType<typeof reader.read>>>((resolve, reject) => {
      stop = reject;
      if (abortSignal?.aborted) onAbort();
      else reader.read().then(resolve, reject);
    });
  try {
    for (;;) {
      const { done, value } = await next();
      if (done) return;
      yield value;
    }
  } finally {
    abortSignal?.removeEventListener("abort", onAbort);
    // not awaited: it may never settle
    reader.cancel().catch(() => undefined);
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}
