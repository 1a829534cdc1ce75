import { createHash } from "node:crypto";
import { join } from "node:path";
import { readExactly, readSafetensorsHeader, type WrittenFiles } from "@revocab/checkpoint";
import { openFile } from "@revocab/files";
import type { ReportedFile } from "@revocab/report/internal";

/** Adds the hashes of their headers to the files that were written into a folder. */
export async function withHeaderHashes(
  directory: string,
  files: WrittenFiles["files"],
): Promise<readonly ReportedFile[]> {
  const reported: ReportedFile[] = [];
  for (const file of files) {
    const isSafetensors = file.name.endsWith(".safetensors");
    reported.push(
      isSafetensors ? { ...file, headerSha256: await hashHeader(join(directory, file.name)) } : file,
    );
  }
  return reported;
}

async function hashHeader(path: string): Promise<string> {
  const { dataStart } = await readSafetensorsHeader(path);
  const header = new Uint8Array(dataStart);
  const handle = await openFile(path);
  try {
    await readExactly(handle, header, 0, path);
  } finally {
    await handle.close();
  }
  return createHash("sha256").update(header).digest("hex");
}
