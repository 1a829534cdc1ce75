let count = 0;

/**
 * Work with an effect elsewhere, of which no one would know whether it took place if it were ended: Ctrl-C stops it by its
 * signal alone, and a second one ends it.
 */
export async function awaitAnswer<Result>(work: () => Promise<Result>): Promise<Result> {
  count++;
  try {
    return await work();
  } finally {
    count--;
  }
}

export function isAnswerAwaited(): boolean {
  return count > 0;
}
