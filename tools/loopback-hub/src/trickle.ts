import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";

/** Sends bytes one at a time until all are gone or the client is. */
export async function trickle(
  response: ServerResponse,
  bytes: Uint8Array,
  milliseconds: number,
): Promise<void> {
  for (let i = 0; i < bytes.length && !response.destroyed; i++) {
    response.write(bytes.subarray(i, i + 1));
    await setTimeout(milliseconds);
  }
  response.end();
}
