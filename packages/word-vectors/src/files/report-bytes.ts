import type { ProgressListener } from "@revocab/core";
import type { ByteReader } from "./byte-reader.ts";

/** Says how far the reading of a file of vectors is. */
export function reportBytes(reader: ByteReader, onProgress: ProgressListener | undefined): void {
  const { position: done, size: total } = reader;
  onProgress?.({ type: "progress", step: "read vectors", done, total, unit: "bytes" });
}
