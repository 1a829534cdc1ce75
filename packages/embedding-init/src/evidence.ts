import { basename } from "node:path";
import { hashFile } from "@revocab/checkpoint/internal";
import { type InitContext, showText } from "@revocab/core";

/** How a recipe names an input of a method: a file's name without its path, or "in memory". */
export function evidenceName(evidence: unknown): string {
  return typeof evidence === "string" ? basename(evidence) : "in memory";
}

/**
 * Notes the files that a method used, with their sha256: a recipe has only names, and two files may have one name.
 * @param evidence by option; inputs given in memory are skipped
 */
export async function noteEvidence(
  { job }: InitContext,
  method: string,
  evidence: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const [option, file] of Object.entries(evidence)) {
    if (typeof file !== "string") continue;
    const hash = await hashFile(file, job);
    const message = `${option} ${showText(basename(file))}: sha256 ${hash}`;
    job?.onProgress?.({ type: "note", step: method, message });
  }
}
