import { createHash } from "node:crypto";
import { type Job, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";

const BLOCK_BYTES = 4 << 20;

/**
 * The SHA-256 of a file, in hex, on the calling thread: a core takes 0.5–2.5 s per gigabyte. Weights that are copied are hashed
 * by `copyFiles`.
 * @throws RevocabError `missing_file`, `aborted`
 */
export async function hashFile(path: string, job?: Job): Promise<string> {
  const hash = createHash("sha256");
  const handle = await openFile(path);
  try {
    const buffers = [Buffer.allocUnsafeSlow(BLOCK_BYTES), Buffer.allocUnsafeSlow(BLOCK_BYTES)];
    let position = 0;
    let next = handle.read(buffers[0]!, 0, BLOCK_BYTES, 0);
    for (let i = 0; ; i++) {
      const { bytesRead } = await next;
      if (bytesRead === 0) return hash.digest("hex");
      throwIfAborted(job?.abortSignal);
      position += bytesRead;
      next = handle.read(buffers[(i + 1) % 2]!, 0, BLOCK_BYTES, position);
      next.catch(() => undefined);
      hash.update(buffers[i % 2]!.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
