import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireFreeSpace } from "./free-space.ts";
import { writeError } from "./write-error.ts";

/** Room on the disk for what does not fit into memory. Its file has no name, so that it is gone with the process however that ends. */
export interface ScratchFile {
  /** Fills `into` with the bytes from `position` on, which must have been written. */
  read(into: Uint8Array, position: number): Promise<void>;
  /** @throws RevocabError `no_space`, `write_failed` */
  write(from: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a scratch file in the folder for temporary files.
 * @param purpose one word for its name, in messages: `states`
 * @param bytes that will be written in all
 * @throws RevocabError `no_space` when the disk has no room for them; `write_failed`
 */
export async function openScratchFile(purpose: string, bytes: number): Promise<ScratchFile> {
  const folder = temporaryFolder();
  await requireFreeSpace(
    folder,
    bytes,
    "another folder for temporary files (the environment variable TMPDIR)",
  );
  const handle = await openUnnamed(folder, purpose);
  return {
    async read(into, position) {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0)
          throw new RangeError(`byte ${position + done} of the ${purpose} was never written`);
        done += bytesRead;
      }
    },
    async write(from, position) {
      try {
        for (let done = 0; done < from.length; ) {
          done += (await handle.write(from, done, from.length - done, position + done)).bytesWritten;
        }
      } catch (error) {
        throw writeError(join(folder, `revocab-${purpose}`), error);
      }
    },
    close: () => handle.close(),
  };
}

/** On a disk: many machines keep /tmp in memory, which is what there is too little of. */
function temporaryFolder(): string {
  if (process.env.TMPDIR !== undefined || process.platform === "win32") return tmpdir();
  return "/var/tmp";
}

async function openUnnamed(folder: string, purpose: string) {
  const own = await mkdtemp(join(folder, `revocab-${purpose}-`)).catch((error) => {
    throw writeError(folder, error);
  });
  try {
    return await open(join(own, purpose), "wx+", 0o600);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
