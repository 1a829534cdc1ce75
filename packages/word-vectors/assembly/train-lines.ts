import { learnCenters } from "./cbow";
import { randomBits } from "./random";
import {
  epochs,
  keepThresholds,
  learningRate,
  line,
  lineEnd,
  losses,
  predictsCenter,
  sharedTokenCount,
  tokensToTrain,
  updateInterval,
} from "./settings";
import { learnContexts } from "./skipgram";

/** fastText cuts a line behind its 1,025th word. */
const LONGEST_LINE: u32 = 1025;
let untold: u32 = 0;

/**
 * Trains whole lines of the `count` word ids at `tokens`, until all are trained, the rest is no whole line, or all epochs
 * are over. With `isEnd` the rest is a line too. Returns how many ids it took.
 */
export function trainLines(tokens: usize, count: u32, isEnd: bool): u32 {
  let at: u32 = 0;
  while (at < count) {
    const done = <f64>atomic.load<u64>(sharedTokenCount);
    if (done >= tokensToTrain) break;
    let length: u32 = 0;
    while (length < min(LONGEST_LINE, count - at)) {
      const word = load<u32>(tokens + ((at + length) << 2));
      length++;
      if (word === lineEnd) break;
    }
    const last = load<u32>(tokens + ((at + length - 1) << 2));
    if (last !== lineEnd && length < LONGEST_LINE && !isEnd) break;
    trainLine(tokens + (at << 2), length, done / tokensToTrain);
    at += length;
    untold += length;
    if (untold > updateInterval) {
      atomic.add<u64>(sharedTokenCount, untold);
      untold = 0;
    }
  }
  return at;
}

function trainLine(tokens: usize, length: u32, progress: f64): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const word = load<u32>(tokens + (i << 2));
    if (randomBits() <= load<u32>(keepThresholds + (word << 2))) {
      store<u32>(line + (kept << 2), word);
      kept++;
    }
  }
  const tally = <usize>(losses + (<u32>(progress * <f64>epochs) << 4));
  const rate = <f32>(learningRate * (1 - progress));
  if (predictsCenter !== 0) learnCenters(kept, rate, tally);
  else learnContexts(kept, rate, tally);
}
