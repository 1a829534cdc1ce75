import { join } from "node:path";
import { type FileSource, readSafetensorsHeader } from "@revocab/checkpoint";

/** The header of a weight file as it stands at the file's beginning, with its length; checked. */
export async function readWeightsHeader(
  weights: FileSource,
  folder: string,
  name: string,
): Promise<Uint8Array> {
  const path = join(folder, name);
  const { dataStart } = await readSafetensorsHeader(path, weights);
  const header = new Uint8Array(dataStart);
  const file = await weights.open(path);
  try {
    await file.read(header, 0);
  } finally {
    await file.close();
  }
  return header;
}
