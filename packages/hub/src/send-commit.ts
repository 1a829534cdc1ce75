import { unusable } from "@revocab/http/internal";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";
import { isCommitId } from "./list-repository.ts";
import type { LargeFile } from "./upload-large.ts";

export interface CommitContent {
  /** The commit that this one follows; another one in between is an error. */
  readonly parent: string;
  readonly title: string;
  readonly description: string;
  /** Contents that the repository has been given: uploaded, or copied. */
  readonly large: readonly LargeFile[];
  readonly small: readonly { readonly path: string; readonly content: Uint8Array }[];
  /** Paths that go. */
  readonly deleted: readonly string[];
}

/**
 * Makes one commit of contents that are there already and of small files, as lines of JSON.
 * @param fetch sends the commit, and repeats it with care
 * @returns the commit's id
 * @throws RevocabError what a status means; `hub_failed` for an answer without an id
 */
export async function sendCommit(
  {
    client,
    repository,
    branch,
  }: { readonly client: HubClient; readonly repository: string; readonly branch: string },
  { parent, title, description, large, small, deleted }: CommitContent,
  fetch: typeof globalThis.fetch,
): Promise<string> {
  const { endpoint } = client.settings;
  const doing = `publishing to ${repository}`;
  const lines = [
    { key: "header", value: { summary: title, description, parentCommit: parent } },
    ...deleted.map((path) => ({ key: "deletedFile", value: { path } })),
    ...large.map(({ path, sha256, bytes }) => ({
      key: "lfsFile",
      value: { path, algo: "sha256", oid: sha256, size: bytes },
    })),
    ...small.map(({ path, content }) => ({
      key: "file",
      value: { path, content: Buffer.from(content).toString("base64"), encoding: "base64" },
    })),
  ];
  return client.during(doing, async () => {
    const response = await fetch(
      `${endpoint}/api/models/${repository}/commit/${encodeURIComponent(branch)}`,
      {
        method: "POST",
        headers: { ...client.authorization, "Content-Type": "application/x-ndjson" },
        body: lines.map((line) => JSON.stringify(line)).join("\n"),
      },
    );
    const answer = (await response.json()) as { readonly commitOid?: unknown; readonly error?: unknown };
    if (!response.ok) {
      throw statusFailure(response.status, String(answer.error ?? ""), doing, client.settings);
    }
    if (isCommitId(answer.commitOid)) return answer.commitOid;
    throw unusable(`${endpoint} took the commit and answered without its id`);
  });
}
