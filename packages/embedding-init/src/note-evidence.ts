import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { InitContext } from "@revocab/core";

/**
 * Notes which files a method went by, with their sha256: a recipe has their names alone, and two files may have one name.
 * @param evidence by option; what is given in memory is passed over
 */
export async function noteEvidence(
  { onProgress, abortSignal }: InitContext,
  method: string,
  evidence: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const [option, file] of Object.entries(evidence)) {
    if (typeof file !== "string") continue;
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash, { ...(abortSignal && { signal: abortSignal }) });
    const message = `${option} ${basename(file)}: sha256 ${hash.digest("hex")}`;
    onProgress?.({ type: "note", step: method, message });
  }
}
