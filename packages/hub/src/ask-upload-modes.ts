import { unusable } from "@revocab/http/internal";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";

/** A file that is to be uploaded, as the Hub asks for it. */
export interface UploadSample {
  readonly path: string;
  readonly size: number;
  /** The first 512 bytes, in base64. */
  readonly sample: string;
}

/**
 * Asks a repository which files belong into its large-file storage. It answers only whoever may write there, and changes
 * nothing.
 * @throws RevocabError `hub_denied` for a token that may not write, and what else a status means
 */
export async function askUploadModes(
  client: HubClient,
  repository: string,
  branch: string,
  files: readonly UploadSample[],
): Promise<ReadonlySet<string>> {
  const { endpoint } = client.settings;
  const doing = `preparing to write to ${repository}`;
  return client.during(doing, async () => {
    const address = `${endpoint}/api/models/${repository}/preupload/${encodeURIComponent(branch)}`;
    const response = await client.fetch(address, {
      method: "POST",
      headers: { ...client.authorization, "Content-Type": "application/json" },
      body: JSON.stringify({ files }),
    });
    const answer = (await response.json().catch(() => undefined)) as
      | { readonly error?: unknown; readonly files?: readonly { path?: unknown; uploadMode?: unknown }[] }
      | undefined;
    if (!response.ok) {
      throw statusFailure(response.status, String(answer?.error ?? ""), doing, client.settings);
    }
    if (!Array.isArray(answer?.files)) throw unusable(`${endpoint} does not say how files are uploaded`);
    return new Set(
      answer.files.filter(({ uploadMode }) => uploadMode === "lfs").map(({ path }) => String(path)),
    );
  });
}
