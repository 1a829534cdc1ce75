import type { NetworkLimits } from "./network-limits.ts";
import { ServerFault, unusable } from "./server-fault.ts";

type RateLimits = Pick<NetworkLimits, "lowestRate" | "stallTime">;

/**
 * The blocks of a body until its end or the abort, decompressed. Only the time spent waiting for the server counts: it has
 * `stallTime`, which waiting uses up and bytes restore at `lowestRate`.
 *
 * Node's own iterator can wait for ever when the request is aborted while a block is on its way: neither its next block
 * nor its cancellation ever comes.
 * @throws ServerFault when the body stalls; whatever broke the connection
 */
export async function* readBody(
  { body, url }: Pick<Response, "body" | "url">,
  { lowestRate, stallTime }: RateLimits,
  wholeSignal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  // of this body alone: Node warns of a leak when more than ten listen to one signal
  const abortSignal = wholeSignal && AbortSignal.any([wholeSignal]);
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  let stop: (reason: unknown) => void = () => undefined;
  const onAbort = () => stop(abortSignal?.reason);
  abortSignal?.addEventListener("abort", onAbort);
  const stalled = () =>
    new ServerFault(
      "stalled",
      `${hostOf(url)} sent fewer than ${lowestRate} bytes a second for ${stallTime / 1000} s`,
    );
  const next = async (milliseconds: number) => {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Awaited<ReturnType<typeof reader.read>>>((resolve, reject) => {
        stop = reject;
        if (abortSignal?.aborted) return onAbort();
        timer = setTimeout(() => reject(stalled()), milliseconds);
        reader.read().then(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    for (let left = stallTime; ; ) {
      const asked = performance.now();
      const { done, value } = await next(Math.max(0, left));
      if (done) return;
      const waited = performance.now() - asked;
      left = Math.min(stallTime, left - waited + (value.length / lowestRate) * 1000);
      yield value;
    }
  } finally {
    abortSignal?.removeEventListener("abort", onAbort);
    // not awaited: it may never settle
    reader.cancel().catch(() => undefined);
  }
}

/**
 * A body as a whole.
 * @throws ServerFault when it has more than `answerBytes`, decompressed, or stalls
 */
export async function readAnswer(
  response: Response,
  limits: RateLimits & Pick<NetworkLimits, "answerBytes">,
  abortSignal?: AbortSignal,
): Promise<Buffer> {
  const { blocks, isWhole } = await readUpTo(limits.answerBytes, response, limits, abortSignal);
  if (isWhole) return blocks;
  throw unusable(`${hostOf(response.url)} answered with more than ${limits.answerBytes} bytes`);
}

/** The beginning of an error's body as text; empty when it breaks. */
export async function readError(
  response: Response,
  limits: RateLimits & Pick<NetworkLimits, "errorBytes">,
  abortSignal?: AbortSignal,
): Promise<string> {
  return readUpTo(limits.errorBytes, response, limits, abortSignal).then(
    ({ blocks }) => blocks.toString("utf8"),
    () => "",
  );
}

async function readUpTo(
  most: number,
  response: Response,
  limits: RateLimits,
  abortSignal: AbortSignal | undefined,
): Promise<{ blocks: Buffer; isWhole: boolean }> {
  const blocks: Uint8Array[] = [];
  let bytes = 0;
  for await (const block of readBody(response, limits, abortSignal)) {
    bytes += block.length;
    blocks.push(block);
    if (bytes > most) return { blocks: Buffer.concat(blocks).subarray(0, most), isWhole: false };
  }
  return { blocks: Buffer.concat(blocks), isWhole: true };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the server";
}
