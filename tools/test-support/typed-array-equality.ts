import { expect } from "vitest";

/**
 * Arrays of numbers with the same bytes are equal. Vitest compares them element by element, a megabyte in a second; where bytes
 * differ that is still its part, and so is the difference it shows.
 */
function haveSameBytes(left: unknown, right: unknown): true | undefined {
  if (!ArrayBuffer.isView(left) || !ArrayBuffer.isView(right)) return undefined;
  if (left.constructor !== right.constructor || left.byteLength !== right.byteLength) return undefined;
  return bytesOf(left).equals(bytesOf(right)) ? true : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

// this runs before every file of tests, but the testers of a worker stay
const worker = globalThis as typeof globalThis & { hasByteTester?: boolean };
if (worker.hasByteTester !== true) expect.addEqualityTesters([haveSameBytes]);
worker.hasByteTester = true;
