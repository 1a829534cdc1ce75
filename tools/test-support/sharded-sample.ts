import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SAMPLE_MODEL } from "./sample.ts";

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** The shards of {@link shardedSample}; the first holds the vocabulary table, and another tensor on either side of it. */
export const SHARDS = [1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`);

/** The files of the sample model, with its weights in three shards and an index. */
export function shardedSample(): Record<string, Buffer> {
  const bytes = readFileSync(join(SAMPLE_MODEL, "model.safetensors"));
  const dataStart = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString("utf8", 8, dataStart)) as Header;
  const names = Object.keys(header);
  const [table = ""] = names.splice(names.indexOf("model.embed_tokens.weight"), 1);
  const cut = Math.ceil((names.length - 2) / 2) + 2;
  const groups = [[names[0]!, table, names[1]!], names.slice(2, cut), names.slice(cut)];
  const weightMap: Record<string, string> = {};
  const files: Record<string, Buffer> = {};
  for (const [i, group] of groups.entries()) {
    const tensors: Buffer[] = [];
    const part: Record<string, unknown> = { __metadata__: metadata };
    let position = 0;
    for (const name of group) {
      const { data_offsets, ...entry } = header[name]!;
      const tensor = bytes.subarray(dataStart + data_offsets[0], dataStart + data_offsets[1]);
      part[name] = { ...entry, data_offsets: [position, position + tensor.length] };
      position += tensor.length;
      tensors.push(tensor);
      weightMap[name] = SHARDS[i]!;
    }
    const text = Buffer.from(JSON.stringify(part));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    files[SHARDS[i]!] = Buffer.concat([length, text, ...tensors]);
  }
  for (const name of readdirSync(SAMPLE_MODEL)) {
    if (name !== "model.safetensors") files[name] = readFileSync(join(SAMPLE_MODEL, name));
  }
  const index = { metadata: { total_size: bytes.length - dataStart }, weight_map: weightMap };
  return { ...files, "model.safetensors.index.json": Buffer.from(`${JSON.stringify(index, null, 2)}\n`) };
}
