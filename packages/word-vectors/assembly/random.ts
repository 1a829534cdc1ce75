let state: u64 = 0;

export function seedRandom(seed: u64): void {
  state = seed;
}

/** PCG-XSH-RR of 64 bits of state. @see https://www.pcg-random.org */
// @ts-ignore: decorator
@inline
export function randomBits(): u32 {
  const old = state;
  state = old * 6364136223846793005 + 1442695040888963407;
  return rotr<u32>(<u32>(((old >> 18) ^ old) >> 27), <u32>(old >> 59));
}

/** 0 … bound - 1 */
// @ts-ignore: decorator
@inline
export function randomBelow(bound: u32): u32 {
  return <u32>((<u64>randomBits() * <u64>bound) >> 32);
}
