import { quoteServer, unusable } from "@revocab/http/internal";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";
import type { RepositoryFile } from "./list-repository.ts";

/** What the Hub takes at once; the Python client sends no more either. */
const MOST_AT_ONCE = 500;

/** A file that the Hub does not copy. */
export interface RefusedCopy {
  readonly file: RepositoryFile;
  /** In the words of the Hub, or ours. */
  readonly reason: string;
}

interface CopyOptions {
  readonly client: HubClient;
  /** The repository that has the files. */
  readonly source: string;
  /** The repository that a commit is to have them in. */
  readonly target: string;
  /** Large files of `source`. */
  readonly files: readonly RepositoryFile[];
}

/**
 * Has the Hub copy large files between repositories, so that a commit may name them; no byte of them is moved. The endpoint is that of
 * the Python client (1.33, `HfApi._duplicate_lfs_files`): it belongs to the source, and takes files of Xet storage in the
 * same region.
 * @returns the files that were not copied; the others may be committed
 * @throws RevocabError `hub_unreachable`; `hub_failed` for an answer that is none; `aborted`
 */
export async function copyOnServer(options: CopyOptions): Promise<readonly RefusedCopy[]> {
  const { files } = options;
  const refused = files
    .filter(({ xetHash }) => xetHash === undefined)
    .map((file) => ({ file, reason: "it is not in Xet storage" }));
  const movable = files.filter(({ xetHash }) => xetHash !== undefined);
  for (let i = 0; i < movable.length; i += MOST_AT_ONCE) {
    refused.push(...(await copyBatch(options, movable.slice(i, i + MOST_AT_ONCE))));
  }
  return refused;
}

async function copyBatch(
  { client, source, target }: CopyOptions,
  files: readonly RepositoryFile[],
): Promise<readonly RefusedCopy[]> {
  const { endpoint, token } = client.settings;
  const doing = `copying files of ${source} to ${target}`;
  return client.during(doing, async () => {
    const response = await client.fetch(`${endpoint}/api/models/${source}/lfs-files/duplicate`, {
      method: "POST",
      headers: { ...client.authorization, "Content-Type": "application/json" },
      body: JSON.stringify({
        target: { type: "model", name: target },
        files: files.map(({ path, hash, xetHash }) => ({ xetHash, sha256: hash.hex, filename: path })),
      }),
    });
    const answer = (await response.json().catch(() => undefined)) as
      | { readonly error?: unknown; readonly failed?: unknown }
      | undefined;
    if (!response.ok) {
      const failure = statusFailure(response.status, String(answer?.error ?? ""), doing, client.settings);
      // the token is wrong, or another fault that is none of the copy's
      if (response.status === 401 || response.status === 429 || response.status >= 500) throw failure;
      return files.map((file) => ({ file, reason: failure.message }));
    }
    const reasons = failuresIn(answer, endpoint);
    return files.flatMap((file) => {
      const reason = reasons.get(file.hash.hex);
      return reason === undefined
        ? []
        : [{ file, reason: `${endpoint} says "${quoteServer(reason, token)}"` }];
    });
  });
}

/** Why each content was not copied, by its sha256. */
function failuresIn(
  answer: { readonly failed?: unknown } | undefined,
  endpoint: string,
): ReadonlyMap<string, string> {
  const failed = answer?.failed ?? [];
  if (typeof answer !== "object" || answer === null || !Array.isArray(failed)) {
    throw unusable(`${endpoint} answered something that does not say what was copied`);
  }
  return new Map(
    failed.map((one: unknown) => {
      const { sha256, error } = (one ?? {}) as { readonly sha256?: unknown; readonly error?: unknown };
      if (typeof sha256 !== "string") throw unusable(`${endpoint} does not say which file was not copied`);
      return [sha256, typeof error === "string" ? error : "no reason"];
    }),
  );
}
