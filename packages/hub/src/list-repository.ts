import { listFiles, modelInfo } from "@huggingface/hub";
import { RevocabError } from "@revocab/core";
import type { HubClient } from "./hub-client.ts";

/** A file of a repository, and what its content must hash to. */
export interface RepositoryFile {
  readonly path: string;
  readonly bytes: number;
  /** sha256 of a large file's content; git's sha1 (`blob LENGTH\0`, then the content) of another's. */
  readonly hash: { readonly algorithm: "sha256" | "git-sha1"; readonly hex: string };
}

/** A repository at one commit. */
export interface RepositoryListing {
  readonly name: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly files: readonly RepositoryFile[];
}

/**
 * Asks the Hub which commit a revision is, and for the files of that commit.
 * @throws RevocabError `hub_missing`, `hub_denied`, `hub_failed`, `hub_unreachable`
 */
export async function listRepository(
  client: HubClient,
  name: string,
  revision: string,
): Promise<RepositoryListing> {
  const { parameters } = client;
  return client.during(`looking up ${name}@${revision}`, async () => {
    const { sha } = await modelInfo({ ...parameters, name, revision, additionalFields: ["sha"] });
    if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) throw unusable(name, "no commit");
    const files: RepositoryFile[] = [];
    for await (const entry of listFiles({ ...parameters, repo: name, revision: sha, recursive: true })) {
      if (entry.type === "file") files.push(fileOf(name, entry));
    }
    return { name, commit: sha, files };
  });
}

function fileOf(
  repository: string,
  { path, size, oid, lfs }: { path: string; size: number; oid?: string; lfs?: { oid: string; size: number } },
): RepositoryFile {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || /[\\\0]/.test(path)) {
    throw unusable(repository, `a file named ${JSON.stringify(path)}`);
  }
  const bytes = lfs?.size ?? size;
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw unusable(repository, `${path} with ${bytes} bytes`);
  if (lfs !== undefined) {
    if (!/^[0-9a-f]{64}$/.test(lfs.oid)) throw unusable(repository, `${path} without a sha256`);
    return { path, bytes, hash: { algorithm: "sha256", hex: lfs.oid } };
  }
  if (oid === undefined || !/^[0-9a-f]{40}$/.test(oid)) throw unusable(repository, `${path} without a hash`);
  return { path, bytes, hash: { algorithm: "git-sha1", hex: oid } };
}

function unusable(repository: string, what: string): RevocabError {
  return new RevocabError("hub_failed", `the Hub lists ${what} for ${repository}`, {
    hint: "this is no listing that can be trusted: check HF_ENDPOINT",
  });
}
