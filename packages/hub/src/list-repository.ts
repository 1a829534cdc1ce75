import { modelInfo } from "@huggingface/hub";
import { quote, RevocabError, showText } from "@revocab/core";
import type { ContentHash } from "@revocab/files";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";
import { unusable } from "./server-fault.ts";

/** A file of a repository, and what its content must hash to. */
export interface RepositoryFile {
  readonly path: string;
  readonly bytes: number;
  readonly hash: ContentHash;
}

/** A repository at one commit. */
export interface RepositoryListing {
  readonly name: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly files: readonly RepositoryFile[];
}

/**
 * Asks the Hub which commit a revision is, and for the files of that commit, page by page.
 *
 * The pages are asked for here and not by the library, which follows them wherever they lead and for as long as they do.
 * @throws RevocabError `hub_missing`, `hub_denied`, `hub_failed`, `hub_unreachable`
 */
export async function listRepository(
  client: HubClient,
  name: string,
  revision: string,
): Promise<RepositoryListing> {
  const { parameters } = client;
  const doing = `looking up ${name}@${revision}`;
  return client.during(doing, async () => {
    const { sha } = await modelInfo({ ...parameters, name, revision, additionalFields: ["sha"] });
    if (!isCommitId(sha)) throw distrusted(name, "no commit");
    const files = new Map<string, RepositoryFile>();
    let entries = 0;
    for await (const page of pagesOf(client, name, sha, doing)) {
      entries += page.length;
      if (entries > client.limits.entries) throw distrusted(name, `more than ${client.limits.entries} files`);
      for (const entry of page) {
        const file = fileOf(name, entry);
        if (file === undefined) continue;
        if (files.has(file.path)) throw distrusted(name, `${showText(file.path)} twice`);
        files.set(file.path, file);
      }
    }
    return { name, commit: sha, files: [...files.values()] };
  });
}

/** Whether this is the id of a commit: 40 hexadecimal digits. */
export function isCommitId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}

async function* pagesOf(
  { settings, limits, fetch, authorization }: HubClient,
  name: string,
  commit: string,
  doing: string,
): AsyncGenerator<readonly unknown[]> {
  const first = `${settings.endpoint}/api/models/${name}/tree/${commit}?recursive=true&expand=false`;
  let url: string | undefined = first;
  for (let pages = 1; url !== undefined; pages++) {
    if (pages > limits.pages) throw distrusted(name, `more than ${limits.pages} pages of files`);
    const response: Response = await fetch(url, {
      headers: { ...authorization, Accept: "application/json" },
    });
    if (!response.ok) {
      const { error } = (await response.json()) as { error: string };
      throw statusFailure(response.status, error, doing, settings);
    }
    const page: unknown = await response.json().catch(() => undefined);
    if (!Array.isArray(page)) throw unusable(`${settings.endpoint} answered something that is no listing`);
    yield page;
    url = nextOf(response, url);
  }
}

/** Where a listing goes on; the header is `<ADDRESS>; rel="next"`. */
function nextOf(response: Response, url: string): string | undefined {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get("Link") ?? "")?.[1];
  if (link === undefined) return undefined;
  const next = URL.canParse(link, url) ? new URL(link, url) : undefined;
  if (next?.origin === new URL(url).origin) return next.href;
  throw unusable(
    `the listing goes on at ${next === undefined ? "something that is no address" : showText(next.origin, 200)}, which is not the Hub`,
  );
}

/** The longest path of a file; file systems take no longer ones. */
const LONGEST_PATH = 1024;

/** An entry that is a file, checked; undefined for a folder. */
function fileOf(repository: string, entry: unknown): RepositoryFile | undefined {
  const { type, path, size, oid, lfs } = objectOf(entry);
  if (type !== "file") return undefined;
  if (typeof path !== "string" || path.length > LONGEST_PATH || !isPlainPath(path)) {
    throw distrusted(repository, `a file named ${quote(path)}`);
  }
  const shown = showText(path, 200);
  const large = lfs === undefined || lfs === null ? undefined : objectOf(lfs);
  const bytes = large === undefined ? size : large.size;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw distrusted(repository, `${shown} with ${quote(bytes)} bytes`);
  }
  if (large !== undefined) {
    if (!isHex(large.oid, 64)) throw distrusted(repository, `${shown} without a sha256`);
    return { path, bytes, hash: { algorithm: "sha256", hex: large.oid } };
  }
  if (!isHex(oid, 40)) throw distrusted(repository, `${shown} without a hash`);
  return { path, bytes, hash: { algorithm: "git-sha1", hex: oid } };
}

/** Stays inside its folder on every system, and can be shown: no lone surrogate, no control character. */
function isPlainPath(path: string): boolean {
  return (
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
    !/[\\\p{Cc}\p{Cs}]/u.test(path)
  );
}

function isHex(value: unknown, digits: number): value is string {
  return typeof value === "string" && value.length === digits && /^[0-9a-f]*$/.test(value);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function distrusted(repository: string, what: string): RevocabError {
  return new RevocabError("hub_failed", `the Hub lists ${what} for ${repository}`, {
    hint: "this is no listing that can be trusted: check HF_ENDPOINT",
  });
}
