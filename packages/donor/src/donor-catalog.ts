import type { MethodEntry } from "@revocab/embedding-init";
import { clpEntry } from "./clp.ts";
import { matchingPursuitEntry } from "./matching-pursuit.ts";
import { nearestEntry } from "./nearest.ts";
import { ompEntry } from "./omp.ts";
import { procrustesEntry } from "./procrustes.ts";
import { sparseBasisEntry } from "./sparse-basis.ts";

/** The methods with a donor by their names, in the order in which they are listed. */
export const DONOR_METHODS: Readonly<Record<string, MethodEntry>> = {
  omp: ompEntry,
  nearest: nearestEntry,
  procrustes: procrustesEntry,
  clp: clpEntry,
  "sparse-basis": sparseBasisEntry,
  "matching-pursuit": matchingPursuitEntry,
};
