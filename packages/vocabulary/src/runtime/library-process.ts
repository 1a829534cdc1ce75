import { createRequire } from "node:module";
import { type Reply, replyOf, serveRequests } from "@revocab/guarded-process";
import type * as Library from "tokenizers";
import type {
  BatchAnswers,
  BatchRequest,
  EncodedItem,
  EncodeItem,
  LibraryAnswer,
  LibraryRequest,
} from "./messages.ts";

type Encoding = Awaited<ReturnType<Library.Tokenizer["encode"]>>;

// The program of a child process: the Rust library may abort, crash or never end on a hostile file, and all of that ends
// with this process.

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof Library;
const tokenizers = new Map<number, Library.Tokenizer>();

serveRequests(async (request: LibraryRequest): Promise<LibraryAnswer> => {
  if (request.type !== "load") return answersOf(tokenizers.get(request.key)!, request);
  const tokenizer = Tokenizer.fromString(new TextDecoder().decode(request.json));
  // Files saved from a training run may cut every text at 512 ids, or pad it.
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  tokenizers.set(request.key, tokenizer);
  return [];
});

async function answersOf(tokenizer: Library.Tokenizer, request: BatchRequest): Promise<LibraryAnswer> {
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
): Promise<Reply<Answer>[]> {
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
): Promise<Reply<Answer>[]> {
  const replies: Reply<Answer>[] = [];
  for (const item of items) replies.push(await replyOf(() => answer(item)));
  return replies;
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
