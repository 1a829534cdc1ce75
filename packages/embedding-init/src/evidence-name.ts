import { basename } from "node:path";

/** What a recipe calls a piece of evidence: a file's name without its path, or that it was given in memory. */
export function evidenceName(evidence: unknown): string {
  return typeof evidence === "string" ? basename(evidence) : "in memory";
}
