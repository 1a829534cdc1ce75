import { RevocabError } from "@revocab/core";
import type { Family } from "./family.ts";

/** How each `model_type` that can be run is read. */
export const FAMILIES: Readonly<Record<string, Family>> = {};

/** @throws RevocabError `unsupported_architecture`, with the list of those that can be run */
export function familyOf(modelType: string): Family {
  const family = Object.hasOwn(FAMILIES, modelType) ? FAMILIES[modelType] : undefined;
  if (family !== undefined) return family;
  throw new RevocabError(
    "unsupported_architecture",
    `models of type "${modelType}" cannot be run; those that can are ${Object.keys(FAMILIES).join(", ")}`,
    { hint: "swap, plan, apply and explain work without running the model" },
  );
}
