import { basename } from "node:path";
import { hashFile } from "@revocab/checkpoint";
import { type InitContext, showText } from "@revocab/core";

/** What a recipe calls a piece of evidence: a file's name without its path, or that it was given in memory. */
export function evidenceName(evidence: unknown): string {
  return typeof evidence === "string" ? basename(evidence) : "in memory";
}

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
    const hash = await hashFile(file, { ...(abortSignal && { abortSignal }) });
    const message = `${option} ${showText(basename(file))}: sha256 ${hash}`;
    onProgress?.({ type: "note", step: method, message });
  }
}
