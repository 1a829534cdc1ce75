import { learnExample } from "./learn-example";
import { randomBelow } from "./random";
import { input, line, rowBytes, scratch, subwordRows, subwordStarts, windowSize } from "./settings";
import { add, scale } from "./vectors";

/** cbow over the words at `line`: from the mean of all rows of the words around it, predict each word. */
export function learnCenters(length: u32, rate: f32, tally: usize): void {
  const hidden = <usize>scratch;
  const gradient = hidden + rowBytes;
  for (let center: u32 = 0; center < length; center++) {
    const boundary = randomBelow(windowSize) + 1;
    const first = center > boundary ? center - boundary : 0;
    const last = min(center + boundary, length - 1);
    if (first === last) continue;
    memory.fill(hidden, 0, rowBytes << 1);
    let count: u32 = 0;
    for (let context = first; context <= last; context++) {
      if (context !== center) count += addRowsOf(load<u32>(line + (context << 2)), hidden);
    }
    scale(hidden, <f32>1 / <f32>count, rowBytes);
    const loss = learnExample(hidden, gradient, load<u32>(line + (center << 2)), rate);
    store<f64>(tally, load<f64>(tally) + loss);
    store<f64>(tally, load<f64>(tally, 8) + 1, 8);
    for (let context = first; context <= last; context++) {
      if (context !== center) addToRowsOf(load<u32>(line + (context << 2)), gradient);
    }
  }
}

/** Returns how many rows it has added. */
function addRowsOf(word: u32, to: usize): u32 {
  const starts = <usize>(subwordStarts + (word << 2));
  const begin = load<u32>(starts);
  const end = load<u32>(starts, 4);
  for (let i = begin; i < end; i++) add(to, input + load<u32>(subwordRows + (i << 2)) * rowBytes, rowBytes);
  return end - begin;
}

function addToRowsOf(word: u32, gradient: usize): void {
  const starts = <usize>(subwordStarts + (word << 2));
  const end = load<u32>(starts, 4);
  for (let i = load<u32>(starts); i < end; i++) {
    add(input + load<u32>(subwordRows + (i << 2)) * rowBytes, gradient, rowBytes);
  }
}
