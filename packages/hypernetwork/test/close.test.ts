import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { closeMethod, copyOverlap, withFallback } from "@revocab/embedding-init";
import { hypernetwork } from "@revocab/hypernetwork";
import { makeContext, makeTables, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { scratchFolders } from "@revocab/test-support/folders";
import { expect, it } from "vitest";
import { writeContractNetwork } from "./method-folder.ts";

const scratch = scratchFolders();

it("a hypernetwork that was closed is loaded again for further rows, one that is open is not", async () => {
  const folder = scratch();
  writeContractNetwork(folder);
  const method = hypernetwork({ directory: folder });
  const [token] = TARGET_VOCABULARY.idsOf(Buffer.from("ga"));
  const tables = makeTables();
  // each keeps the rows that it was asked for: only the first question runs the network
  const prepared = await Promise.all(
    [1, 2, 3, 4].map(() => method.prepare(makeContext(TARGET_VOCABULARY, tables))),
  );
  const rowOf = async (place: number) => prepared[place]!.rows(Uint32Array.of(token!), tables[0]!);
  const row = await rowOf(0);
  await closeMethod(withFallback(copyOverlap(), method));
  expect(await rowOf(1)).toEqual(row);
  for (const name of readdirSync(folder)) if (/safetensors$/.test(name)) rmSync(join(folder, name));
  expect(await rowOf(2)).toEqual(row);
  await closeMethod(method);
  await expect(rowOf(3)).rejects.toThrow();
});
