import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of real tokenizers and models, which is no part of the repository; undefined, said aloud, where it is not
 * there. For the tests of this repository; not published.
 * @throws Error in CI, where these tests must run
 */
export function realDataFolder(): string | undefined {
  const beside = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
  const folder = process.env.REVOCAB_REAL_DATA ?? beside;
  if (existsSync(join(folder, "tokenizers"))) return folder;
  const message = `no real data at ${folder}: set REVOCAB_REAL_DATA to the folder that has tokenizers/ and models/`;
  if (process.env.CI === "true") throw new Error(message);
  console.warn(`skipping the real-data tests: ${message}`);
  return undefined;
}
