import { RevocabError } from "@revocab/core";

export interface Layout {
  /** @returns the address of so many bytes, at the start of a line of the cache */
  reserve(bytes: number): number;
  /**
   * The address after all that was reserved.
   * @param what it was reserved for, as a message says it
   * @throws RevocabError not_enough_memory beyond 3.75 GiB
   */
  end(what: string): number;
}

/** Which addresses of a kernel's memory hold what, from `start` on. */
export function layout(start: number): Layout {
  let next = aligned(start);
  return {
    reserve(bytes) {
      const at = next;
      next = aligned(at + bytes);
      return at;
    },
    end(what) {
      if (next <= ADDRESSABLE_BYTES) return next;
      throw new RevocabError(
        "not_enough_memory",
        `${what} need ${next} bytes, expected at most ${ADDRESSABLE_BYTES}`,
      );
    },
  };
}

/** What 32-bit addresses reach, less a margin. */
const ADDRESSABLE_BYTES = 3.75 * 2 ** 30;

function aligned(address: number): number {
  return Math.ceil(address / 64) * 64;
}
