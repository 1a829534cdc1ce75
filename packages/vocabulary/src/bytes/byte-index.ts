import type { TokenId } from "@revocab/core";

/** Finds tokens by their bytes without making a string or a key per token: open addressing over FNV-1a hashes. */
export interface ByteIndex {
  /** The first id with exactly bytes[start … end), or −1. */
  find(bytes: Uint8Array, start: number, end: number): TokenId;
  /** The next id with the same bytes as `id`, or −1. */
  next(id: TokenId): TokenId;
  /** Visits the first id of every token that bytes[start …] begins with, shortest first. */
  forEachPrefix(bytes: Uint8Array, start: number, visit: (id: TokenId, end: number) => void): void;
  /** Ids that share their bytes with an earlier one. */
  readonly duplicates: number;
}

/**
 * @param starts [V] where the bytes of each id begin in `store`
 * @param ends [V] where they end
 * @param order the ids to index; of ids with the same bytes, the first is found first
 */
export function buildByteIndex(
  starts: Uint32Array,
  ends: Uint32Array,
  store: Uint8Array,
  order: Uint32Array,
): ByteIndex {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(order.length, 4) * 2));
  const mask = slots - 1;
  const idAt = new Int32Array(slots).fill(-1);
  const hashAt = new Int32Array(slots);
  const nextOf = new Int32Array(starts.length).fill(-1);
  let longest = 0;
  let duplicates = 0;

  const isAt = (id: TokenId, bytes: Uint8Array, start: number, end: number): boolean => {
    if (ends[id] - starts[id] !== end - start) return false;
    for (let i = start, j = starts[id]; i < end; i++, j++) if (bytes[i] !== store[j]) return false;
    return true;
  };
  const slotOf = (hash: number, bytes: Uint8Array, start: number, end: number): number => {
    let slot = scramble(hash) & mask;
    for (; idAt[slot] >= 0; slot = (slot + 1) & mask) {
      if (hashAt[slot] === hash && isAt(idAt[slot], bytes, start, end)) break;
    }
    return slot;
  };

  // Inserted in reverse at the head of its chain, so that every chain has the given order.
  for (let place = order.length - 1; place >= 0; place--) {
    const id = order[place];
    const start = starts[id];
    const end = ends[id];
    longest = Math.max(longest, end - start);
    const hash = hashOf(store, start, end);
    const slot = slotOf(hash, store, start, end);
    if (idAt[slot] >= 0) duplicates++;
    nextOf[id] = idAt[slot];
    idAt[slot] = id;
    hashAt[slot] = hash;
  }

  return {
    duplicates,
    find: (bytes, start, end) => idAt[slotOf(hashOf(bytes, start, end), bytes, start, end)],
    next: (id) => nextOf[id],
    forEachPrefix(bytes, start, visit) {
      const limit = Math.min(bytes.length, start + longest);
      let hash = FNV_OFFSET;
      for (let end = start + 1; end <= limit; end++) {
        hash = Math.imul(hash ^ bytes[end - 1], FNV_PRIME);
        const id = idAt[slotOf(hash, bytes, start, end)];
        if (id >= 0) visit(id, end);
      }
    },
  };
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], FNV_PRIME);
  return hash;
}

/** FNV leaves its low bits poor for short keys; without this step chains of probes grow long. */
function scramble(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
