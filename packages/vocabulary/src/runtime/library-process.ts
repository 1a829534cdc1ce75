import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type * as Library from "tokenizers";
import type {
  Allowance,
  Allowed,
  BatchAnswers,
  BatchRequest,
  EncodedItem,
  EncodeItem,
  LibraryAnswer,
  LibraryRequest,
  Outcome,
} from "./messages.ts";
import type { WatchdogData } from "./watchdog.ts";

type Encoding = Awaited<ReturnType<Library.Tokenizer["encode"]>>;

// The program of a child process: the Rust library may abort, crash or never end on a hostile file, and all of that ends
// with this process.

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof Library;
const tokenizers = new Map<number, Library.Tokenizer>();
const state = new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT));
let requests = 0;

new Worker(new URL("./watchdog.js", import.meta.url), {
  workerData: { state, parent: process.ppid } satisfies WatchdogData,
  execArgv: [],
}).unref();

// Ctrl-C reaches every process of a terminal; the parent decides when this one ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());

process.send!("started");
process.on("message", async ({ request, allowance }: Allowed<LibraryRequest>) => {
  watch(allowance);
  const answer = await carryOut(request).catch(
    (error: unknown): LibraryAnswer => ({ type: "refused", refusal: reasonOf(error) }),
  );
  Atomics.store(state, 0, 0);
  process.send!(answer);
});

function watch({ processorTime, memory }: Allowance): void {
  Atomics.store(state, 1, processorTime);
  Atomics.store(state, 2, memory);
  requests = (requests % 0x7fffffff) + 1;
  Atomics.store(state, 0, requests);
  if (Atomics.load(state, 3) === 1) Atomics.notify(state, 0);
}

async function carryOut(request: LibraryRequest): Promise<LibraryAnswer> {
  if (request.type === "load") {
    const tokenizer = Tokenizer.fromString(new TextDecoder().decode(request.json));
    // Files saved from a training run may cut every text at 512 ids, or pad it.
    tokenizer.disableTruncation();
    tokenizer.disablePadding();
    tokenizers.set(request.key, tokenizer);
    return { type: "done", outcomes: [] };
  }
  return { type: "done", outcomes: await answersOf(tokenizers.get(request.key)!, request) };
}

async function answersOf(
  tokenizer: Library.Tokenizer,
  request: BatchRequest,
): Promise<Outcome<BatchAnswers[BatchRequest["type"]]>[]> {
  switch (request.type) {
    case "encode":
      return encodeAll(tokenizer, request.items, idsOf);
    case "words":
      return encodeAll(tokenizer, request.items.map(bare), wordsOf);
    case "decode":
      return each(request.items, (ids) => tokenizer.decode([...ids], false));
    case "normalize": {
      const normalizer = tokenizer.getNormalizer();
      return each(request.items, (text) => normalizer?.normalizeString(text) ?? text);
    }
    case "cut": {
      const cutter = tokenizer.getPreTokenizer();
      return each(request.items, (text) => cutter?.preTokenizeString(text).map(([word]) => word) ?? [text]);
    }
  }
}

/**
 * Texts go to the library as one batch, which uses all cores; pairs do not fit in one. A batch fails as a whole: then its texts
 * are encoded one by one.
 */
async function encodeAll<Answer>(
  tokenizer: Library.Tokenizer,
  items: readonly EncodeItem[],
  read: (encoding: Encoding) => Answer,
): Promise<Outcome<Answer>[]> {
  const encodings = new Map<EncodeItem, Encoding>();
  for (const specials of [false, true]) {
    const batch = items.filter((item) => item.specials === specials && item.pair === undefined);
    if (batch.length < 2) continue;
    const texts = batch.map(({ text }) => text);
    const found = await tokenizer.encodeBatch(texts, { addSpecialTokens: specials }).catch(() => []);
    for (const [place, encoding] of found.entries()) encodings.set(batch[place], encoding);
  }
  return each(items, async (item) => {
    const { text, pair = null, specials } = item;
    return read(encodings.get(item) ?? (await tokenizer.encode(text, pair, { addSpecialTokens: specials })));
  });
}

async function each<Item, Answer>(
  items: readonly Item[],
  answer: (item: Item) => Answer | Promise<Answer>,
): Promise<Outcome<Answer>[]> {
  const outcomes: Outcome<Answer>[] = [];
  for (const item of items) outcomes.push(await outcomeOf(() => answer(item)));
  return outcomes;
}

async function outcomeOf<Answer>(answer: () => Answer | Promise<Answer>): Promise<Outcome<Answer>> {
  try {
    return { answer: await answer() };
  } catch (error) {
    return { refusal: reasonOf(error) };
  }
}

function bare(text: string): EncodeItem {
  return { text, specials: false };
}

function idsOf(encoding: Encoding): EncodedItem {
  return { ids: Uint32Array.from(encoding.getIds()), typeIds: Uint8Array.from(encoding.getTypeIds()) };
}

function wordsOf(encoding: Encoding): BatchAnswers["words"] {
  const words = encoding.getWordIds();
  const starts = words.flatMap((word, place) => (place === 0 || word !== words[place - 1] ? [place] : []));
  return { ids: Uint32Array.from(encoding.getIds()), starts: Uint32Array.from(starts) };
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1000);
}
