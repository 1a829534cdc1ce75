import { modelInfo } from "@huggingface/hub";
import { quote, RevocabError, showText } from "@revocab/core";
import type { ContentHash } from "@revocab/files";
import { unusable } from "@revocab/http/internal";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";

/** A file of a repository, and what its content must hash to. */
export interface RepositoryFile {
  readonly path: string;
  readonly bytes: number;
  readonly hash: ContentHash;
  /** What Xet storage knows the content by; undefined for a file that is not in it. */
  readonly xetHash?: string;
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
 * The pages are requested here and not by the library, which follows them to any host and without an end.
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

/** Where a listing goes on; the header holds links such as `<ADDRESS>; rel="next"`, with commas between them. */
function nextOf(response: Response, url: string): string | undefined {
  const links = (response.headers.get("Link") ?? "").matchAll(/<([^>]*)>([^<]*)/g);
  const link = [...links].find(([, , rest = ""]) => /;\s*rel\s*=\s*"?([^";,]*\s)?next\b/i.test(rest))?.[1];
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
  const { type, path, size, oid, lfs, xetHash } = objectOf(entry);
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
    const hash = { algorithm: "sha256", hex: large.oid } as const;
    return { path, bytes, hash, ...(isHex(xetHash, 64) && { xetHash }) };
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

/**
 * Refuses names that some file system cannot hold, or takes for one another: there a file would become something else, or
 * be read in place of another.
 * @throws RevocabError `hub_failed`, which names one
 */
export function checkNames(repository: string, files: readonly RepositoryFile[]): void {
  /** Name as systems that fold case and compose characters take it → as it is listed; folders too. */
  const taken = new Map<string, string>();
  const paths = new Set(files.map(({ path }) => path));
  for (const path of paths) {
    const parts = path.split("/");
    const unfit = parts.find(
      (part) => DEVICE.test(part) || NOT_ON_WINDOWS.test(part) || Buffer.byteLength(part) > LONGEST_NAME,
    );
    if (unfit !== undefined) throw refused(repository, path, "whose name some systems cannot hold");
    for (let i = 1; i <= parts.length; i++) {
      const listed = parts.slice(0, i).join("/");
      const folded = listed.normalize("NFC").toLowerCase();
      const other = taken.get(folded);
      const isFolder = i < parts.length;
      // the same name for a file and a folder differs here by the slash
      const marked = isFolder ? `${listed}/` : listed;
      if (other !== undefined && other !== marked) {
        throw refused(
          repository,
          path,
          `beside ${showText(other, 200)}, which some systems take for the same`,
        );
      }
      taken.set(folded, marked);
    }
  }
}

/** Devices of Windows, whatever the ending. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
/** A colon names a stream of a file there; dots and spaces at the end are dropped. */
const NOT_ON_WINDOWS = /[<>:"|?*]|[. ]$/;
const LONGEST_NAME = 255;

function refused(repository: string, path: string, why: string): RevocabError {
  return new RevocabError("hub_failed", `the Hub lists ${showText(path, 200)} for ${repository}, ${why}`, {
    hint: "have the file renamed, or download the repository by hand and give the folder",
  });
}
