import type { FileHandle } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";

export const DAMAGED_HINT = "the file is damaged or no safetensors file: download or convert it again";

/** Fills `into` from `position`, or says that the file ended before it should. */
export async function readExactly(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    // One read moves at most 2 GiB − 4 KiB on Linux.
    const length = Math.min(into.length - done, 1 << 30);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) throw endsTooEarly(path, position + done, into.length - done);
    done += bytesRead;
  }
}

/** A file that ended at a byte from which more were wanted. */
export function endsTooEarly(path: string, position: number, missing: number): RevocabError {
  return new RevocabError(
    "bad_safetensors",
    `${showText(path)} ends at byte ${position}, ${missing} bytes before it should`,
    { hint: DAMAGED_HINT },
  );
}
