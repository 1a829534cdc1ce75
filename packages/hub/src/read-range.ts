import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { discard, isOfEndpoint, readBody } from "@revocab/http/internal";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";
import type { RepositoryFile } from "./list-repository.ts";

/** How often a connection may break with hardly a byte gained before it is given up. */
const FRUITLESS_ATTEMPTS = 4;
/** A connection that brought fewer bytes was in vain: one byte each would go on for ever. */
const FRUITFUL_BYTES = 65_536;

/** Reads bytes [start, end) of a file as {@link rangeBlocks} does; `take` gets every byte once and in order. */
export async function readRange(
  options: OpenRangeOptions,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  for await (const block of rangeBlocks(options)) await take(block);
}

/**
 * Gives bytes [start, end) of a file, over as many connections as it takes: one that breaks, or brings less than was
 * asked for, is followed by another from where it stopped. Every byte comes once and in order.
 * @throws RevocabError as `openRange` does; `hub_unreachable` when connections bring hardly anything any more; `aborted`
 */
export async function* rangeBlocks(options: OpenRangeOptions): AsyncGenerator<Uint8Array> {
  const { client, file, repository, end, job } = options;
  let { start } = options;
  for (let fruitless = 0; start < end; ) {
    const before = start;
    let broken: unknown = new Error("the connection ended early");
    try {
      for await (const block of await openRange({ ...options, start })) {
        throwIfAborted(job?.abortSignal);
        const wanted = block.subarray(0, end - start);
        start += wanted.length;
        yield wanted;
        if (start === end) return;
      }
    } catch (error) {
      throwIfAborted(job?.abortSignal);
      if (error instanceof RevocabError) throw error;
      broken = error;
    }
    fruitless = start - before >= FRUITFUL_BYTES ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS_ATTEMPTS) {
      const doing = `downloading ${showText(file.path, 200)} of ${repository} from byte ${start} of ${file.bytes}`;
      await client.during(doing, () => Promise.reject(broken));
    }
  }
}

export interface OpenRangeOptions {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
  readonly file: RepositoryFile;
  /** First byte, and the byte after the last. */
  readonly start: number;
  readonly end: number;
  readonly job?: Job;
  /** Remembers where the Hub redirects to, for the next range of the same file. */
  readonly route?: { storage?: string | undefined } | undefined;
}

/**
 * Asks for bytes [start, end) of a file and gives them as they come; fewer when the connection breaks or the server
 * sends less. The first answer of the Hub names the file's hash, which is compared before a byte is taken.
 * @throws RevocabError `hub_damaged` when the server has another version of the file, or answers a range with something
 *   else; what a status means
 */
async function openRange(options: OpenRangeOptions): Promise<AsyncIterable<Uint8Array>> {
  const { client, repository, commit, file, start, end, job } = options;
  const doing = `downloading ${showText(file.path, 200)} of ${repository}`;
  const isWhole = start === 0 && end === file.bytes;
  return client.during(doing, async () => {
    const response = await request(options, isWhole ? {} : { Range: `bytes=${start}-${end - 1}` });
    if (!response.ok) {
      const { error } = (await response.json()) as { error: string };
      throw statusFailure(response.status, error, `${doing} at ${commit.slice(0, 12)}`, client.settings);
    }
    if (!isWhole) checkRange(response, options);
    return readBody(response, client.limits, job?.abortSignal);
  });
}

async function request(options: OpenRangeOptions, range: Record<string, string>): Promise<Response> {
  const { client, repository, commit, file, job, route } = options;
  const { endpoint } = client.settings;
  // or fetch asks for gzip, and offsets would be those of the compressed bytes
  const headers = { ...range, "Accept-Encoding": "identity" };
  if (route?.storage !== undefined) {
    const { response } = await client.open({ url: route.storage, headers, job });
    if (response.ok) return response;
    // a signed address expires, after an hour or so: the Hub gives another
    route.storage = undefined;
    discard(response);
  }
  let isChecked = false;
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  const { response, url } = await client.open({
    url: `${endpoint}/${repository}/resolve/${commit}/${path}`,
    headers: { ...headers, ...client.authorization },
    job,
    onHop(hop, isRedirect) {
      if (isChecked || !(isRedirect || hop.ok)) return;
      // the Hub's own answer names the version; storage hosts have ETags of other forms
      const etag = hop.headers.get("X-Linked-ETag") ?? (isRedirect ? null : hop.headers.get("ETag"));
      isChecked = isOfVersion(etag, options, hop);
    },
  });
  if (route !== undefined && response.ok && !isOfEndpoint(url, { address: endpoint }))
    route.storage = url.href;
  return response;
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
  discard(response);
  throw new RevocabError(
    "hub_damaged",
    `the server has ${showText(file.path, 200)} of ${repository} with the hash ${etag}, but the Hub lists ${file.hash.hex}`,
    {
      hint: "a mirror or a proxy serves another version of the file: try again later, or another HF_ENDPOINT",
    },
  );
}

function checkRange(response: Response, { file, repository, start, end }: OpenRangeOptions): void {
  const header = response.headers.get("Content-Range");
  const [, first, , total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "") ?? [];
  if (response.status === 206 && Number(first) === start && Number(total) === file.bytes) return;
  discard(response);
  throw new RevocabError(
    "hub_damaged",
    `bytes ${start}–${end - 1} of ${file.bytes} of ${showText(file.path, 200)} in ${repository} were asked for, and the server answered ` +
      `${response.status} with ${header === null ? "no range" : `"${showText(header, 100)}"`}`,
    {
      hint: "the server, or a proxy before it, does not serve ranges of files: use another HF_ENDPOINT or network",
    },
  );
}
