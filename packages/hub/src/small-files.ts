import { askUploadModes } from "./ask-upload-modes.ts";
import { DiskBlob } from "./disk-blob.ts";
import type { HubClient } from "./hub-client.ts";
import type { FolderFile, SeenFolder } from "./seen-folder.ts";
import type { LargeFile } from "./upload-large.ts";

/** Asks which of the small files belong into large-file storage. */
export async function uploadModes(
  {
    client,
    repository,
    branch,
  }: { readonly client: HubClient; readonly repository: string; readonly branch: string },
  folder: SeenFolder,
  files: readonly FolderFile[],
): Promise<{ readonly large: readonly string[]; readonly small: readonly string[] }> {
  const samples = await Promise.all(
    files.map(async ({ path, bytes }) => {
      const sample = await new DiskBlob(folder, path, 0, Math.min(bytes, 512)).arrayBuffer();
      return { path, size: bytes, sample: Buffer.from(sample).toString("base64") };
    }),
  );
  const large = await askUploadModes(client, repository, branch, samples);
  const paths = files.map(({ path }) => path);
  return {
    large: paths.filter((path) => large.has(path)),
    small: paths.filter((path) => !large.has(path)),
  };
}

/** A file of a folder that goes into large-file storage. */
export async function largeInFolder(folder: SeenFolder, path: string): Promise<LargeFile> {
  const { handle, bytes } = await folder.open(path);
  await handle.close();
  const { sha256 } = folder.hashesOf(path) ?? (await folder.read(path));
  return { path, bytes, sha256 };
}

/** A file of a folder that goes into the commit itself. */
export async function contentOf(folder: SeenFolder, path: string) {
  const { handle, bytes } = await folder.open(path);
  await handle.close();
  return { path, content: new Uint8Array(await new DiskBlob(folder, path, 0, bytes).arrayBuffer()) };
}
