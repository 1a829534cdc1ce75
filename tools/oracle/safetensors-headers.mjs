// What our reader makes of safetensors files: a line of base64 in, a line of JSON out. For safetensors-headers.py.
import { createInterface } from "node:readline";
import { readSafetensorsHeader } from "../../packages/checkpoint/dist/index.js";

for await (const line of createInterface({ input: process.stdin })) {
  const bytes = Buffer.from(line, "base64");
  const source = {
    list: async () => [],
    open: async () => ({
      bytes: bytes.length,
      read: async (into, position) => void into.set(bytes.subarray(position, position + into.length)),
      close: async () => {},
    }),
  };
  const answer = await readSafetensorsHeader("m.safetensors", source).then(
    ({ tensors, metadata }) => ({
      reads: {
        tensors: tensors
          .map(({ name, dtype, shape }) => [name, dtype, shape])
          .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        metadata: metadata ?? null,
      },
    }),
    (error) => ({ error: error.message, code: error.code ?? "none" }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
