import { createHash } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { open } from "node:fs/promises";

/** Writes files one after the other into one, removes them, and gives the sha256 of the whole in hex. */
export async function joinParts(parts: readonly string[], whole: string): Promise<string> {
  const hash = createHash("sha256");
  const target = await open(whole, "w");
  try {
    for (const part of parts) {
      for await (const block of createReadStream(part) as AsyncIterable<Buffer>) {
        hash.update(block);
        await target.write(block);
      }
      rmSync(part);
    }
  } finally {
    await target.close();
  }
  return hash.digest("hex");
}
