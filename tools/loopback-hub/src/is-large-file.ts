import { statSync } from "node:fs";
import { extname } from "node:path";
import type { FileContent } from "./repositories.ts";

const LARGE = new Set([".safetensors", ".bin", ".model", ".onnx", ".gguf"]);

/** The Hub keeps a file in large-file storage for its name, or for more than 10 MB. */
export function isLargeFile(path: string, content: FileContent | { readonly size: number }): boolean {
  return LARGE.has(extname(path)) || sizeOf(content) > 10e6;
}

function sizeOf(content: FileContent | { readonly size: number }): number {
  if (typeof content === "string") return Buffer.byteLength(content);
  if (content instanceof Uint8Array) return content.length;
  return "size" in content ? content.size : statSync(content.file).size;
}
