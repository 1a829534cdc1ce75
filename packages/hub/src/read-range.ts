import { RevocabError, showText, throwIfAborted } from "@revocab/core";
import { type OpenRangeOptions, openRange } from "./open-range.ts";

/** How often a connection may break with hardly a byte gained before it is given up. */
const FRUITLESS_ATTEMPTS = 4;
/** A connection that brought fewer bytes was in vain: one byte each would go on for ever. */
const FRUITFUL_BYTES = 65_536;

/**
 * Reads bytes [start, end) of a file, over as many connections as it takes: one that breaks, or brings less than was
 * asked for, is followed by another from where it stopped. `take` gets every byte once and in order.
 * @throws RevocabError as `openRange` does; `hub_unreachable` when connections bring hardly anything any more; `aborted`
 */
export async function readRange(
  options: OpenRangeOptions,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { client, file, repository, end, abortSignal } = options;
  let { start } = options;
  for (let fruitless = 0; start < end; ) {
    const before = start;
    let broken: unknown = new Error("the connection ended early");
    try {
      for await (const block of await openRange({ ...options, start })) {
        throwIfAborted(abortSignal);
        const wanted = block.subarray(0, end - start);
        await take(wanted);
        start += wanted.length;
        if (start === end) return;
      }
    } catch (error) {
      throwIfAborted(abortSignal);
      if (error instanceof RevocabError) throw error;
      broken = error;
    }
    fruitless = start - before >= FRUITFUL_BYTES ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS_ATTEMPTS) {
      const doing = `downloading ${showText(file.path, 200)} of ${repository} from byte ${start} of ${file.bytes}`;
      await client.during(doing, () => Promise.reject(broken));
    }
  }
}
