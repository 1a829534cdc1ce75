import { createRequire } from "node:module";
import { type Reply, replyOf, serveRequests } from "@revocab/guarded-process";
import type * as Library from "tokenizers";
import {
  type BatchAnswer,
  type BatchRequest,
  type LibraryAnswer,
  type LibraryRequest,
  packIds,
} from "./messages.ts";

type Encoding = Awaited<ReturnType<Library.Tokenizer["encode"]>>;

// The program of a child process: on a hostile file the Rust library may abort, crash or never end, which then affects only
// this process.

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof Library;
const tokenizers = new Map<number, Library.Tokenizer>();
const BARE = { addSpecialTokens: false };

serveRequests(async (request: LibraryRequest): Promise<LibraryAnswer> => {
  if (request.type !== "load") return answerOf(tokenizers.get(request.key)!, request);
  const tokenizer = Tokenizer.fromString(new TextDecoder().decode(request.json));
  // Files saved from a training run may cut every text at 512 ids, or pad it.
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  tokenizers.set(request.key, tokenizer);
  return undefined;
});

async function answerOf(tokenizer: Library.Tokenizer, request: BatchRequest): Promise<BatchAnswer> {
  switch (request.type) {
    case "encode": {
      const { read, refusals } = await encodeTexts(tokenizer, request.items, (encoding) => encoding.getIds());
      return { type: "encode", texts: packIds(read.map((ids) => ids ?? [])), refusals };
    }
    case "words": {
      const { read, refusals } = await encodeTexts(tokenizer, request.items, wordsOf);
      const counts = Uint32Array.from(read, (words) => words?.length ?? 0);
      return { type: "words", words: packIds(read.flatMap((words) => words ?? [])), counts, refusals };
    }
    case "frame":
      return each(request.items, async ([text, pair = null]) => {
        const encoding = await tokenizer.encode(text, pair, { addSpecialTokens: true });
        return { ids: Uint32Array.from(encoding.getIds()), typeIds: Uint8Array.from(encoding.getTypeIds()) };
      });
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

/** The library is fastest on batches; while it encodes one, the one before is read. */
async function encodeTexts<Read>(
  tokenizer: Library.Tokenizer,
  texts: readonly string[],
  readOne: (encoding: Encoding) => Read,
): Promise<{ readonly read: readonly (Read | undefined)[]; readonly refusals: Map<number, string> }> {
  const read: (Read | undefined)[] = [];
  const refusals = new Map<number, string>();
  let next = encodeBatch(tokenizer, texts.slice(0, AT_ONCE));
  for (let start = 0; start < texts.length; start += AT_ONCE) {
    const replies = await next;
    next = encodeBatch(tokenizer, texts.slice(start + AT_ONCE, start + 2 * AT_ONCE));
    for (const [place, reply] of replies.entries()) {
      if ("refusal" in reply) refusals.set(start + place, reply.refusal);
      read.push("answer" in reply ? readOne(reply.answer) : undefined);
    }
  }
  return { read, refusals };
}

const AT_ONCE = 256;

/** A batch fails as a whole; its texts are then encoded one by one. */
async function encodeBatch(
  tokenizer: Library.Tokenizer,
  texts: readonly string[],
): Promise<Reply<Encoding>[]> {
  const batch = texts.length > 1 ? await replyOf(() => tokenizer.encodeBatch([...texts], BARE)) : undefined;
  if (batch !== undefined && "answer" in batch) return batch.answer.map((answer) => ({ answer }));
  const replies: Reply<Encoding>[] = [];
  for (const text of texts) replies.push(await replyOf(() => tokenizer.encode(text, null, BARE)));
  return replies;
}

async function each<Item, Answer>(
  items: readonly Item[],
  answer: (item: Item) => Answer | Promise<Answer>,
): Promise<{ readonly type: "each"; readonly replies: Reply<Answer>[] }> {
  const replies: Reply<Answer>[] = [];
  for (const item of items) replies.push(await replyOf(() => answer(item)));
  return { type: "each", replies };
}

function wordsOf(encoding: Encoding): number[][] {
  const words: number[][] = [];
  const wordIds = encoding.getWordIds();
  for (const [place, id] of encoding.getIds().entries()) {
    if (place === 0 || wordIds[place] !== wordIds[place - 1]) words.push([]);
    words.at(-1)!.push(id);
  }
  return words;
}
