import { z } from "zod";
import { type MethodEntry, methodEntry } from "../method-entry.ts";
import { zero } from "../zero.ts";

export const zeroEntry: MethodEntry = methodEntry("zero", {
  summary: "Each new token becomes a row of zeros.",
  evidence: "none",
  options: z.object({}),
  variants: [],
  create: zero,
});
