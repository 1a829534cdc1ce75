import type { MethodEntry } from "@revocab/embedding-init";

/** Every method by its name on the command line: those of all packages that have some. */
export async function catalog(): Promise<Readonly<Record<string, MethodEntry>>> {
  const { METHODS } = await import("@revocab/embedding-init");
  const { hypernetworkEntry } = await import("@revocab/hypernetwork");
  return { ...METHODS, hypernetwork: hypernetworkEntry };
}
