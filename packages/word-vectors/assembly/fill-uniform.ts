import { randomBits, seedRandom } from "./random";
import { input, rowBytes } from "./settings";

/**
 * Fills the input rows [first, end) with values of U(-bound, bound). Each row has its own stream, so that it does not matter
 * which thread fills it.
 */
export function fillUniform(first: u32, end: u32, dimension: u32, bound: f32, seed: u64): void {
  for (let row = first; row < end; row++) {
    seedRandom(seed ^ (<u64>(row + 1) * 0x9e3779b97f4a7c15));
    randomBits();
    randomBits();
    let at = <usize>(input + row * rowBytes);
    for (let i: u32 = 0; i < dimension; i++) {
      store<f32>(at, bound * (<f32>(randomBits() >> 8) * <f32>(1.0 / 8388608.0) - 1));
      at += 4;
    }
  }
}
