import { z } from "zod";
import { copyOverlap } from "../copy-overlap.ts";
import { type MethodEntry, methodEntry } from "../method-entry.ts";

export const copyOverlapEntry: MethodEntry = methodEntry("copy-overlap", {
  summary:
    "Each token that both vocabularies have keeps its source row, bit for bit; others have no evidence.",
  evidence: "the two tokenizers",
  options: z.object({}),
  variants: [],
  create: copyOverlap,
});
