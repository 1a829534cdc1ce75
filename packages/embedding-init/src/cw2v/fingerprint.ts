import { createHash } from "node:crypto";
import type { Cw2vModel } from "./model.ts";
import type { NumberedCorpus } from "./number-participants.ts";

/** Hashes of what a training learns from: the text as tokens, the tokens that both vocabularies have, and the source's rows. */
export function fingerprint(
  { mixtures }: Cw2vModel,
  { participants, training, heldOut }: NumberedCorpus,
): Readonly<Record<string, string>> {
  const { tokens, sources } = participants;
  const rows = new Set(mixtures.flatMap(({ tables }) => tables.map(({ bytes }) => bytes)));
  return {
    text: hashOf([training.tokens, training.offsets, heldOut.tokens, heldOut.offsets]),
    tokens: hashOf([tokens, sources]),
    embeddings: hashOf([...rows]),
  };
}

function hashOf(parts: readonly (Uint8Array | Uint32Array | Int32Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    for (let at = 0; at < bytes.length; at += MOST) hash.update(bytes.subarray(at, at + MOST));
  }
  return hash.digest("hex");
}

/** More at once than a hash takes. */
const MOST = 1 << 30;
