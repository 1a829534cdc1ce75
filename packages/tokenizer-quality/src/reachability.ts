import { isUtf8 } from "node:buffer";
import { type Job, mapAhead, showLine, type TokenId, throwIfAborted, type Vocabulary } from "@revocab/core";
import { displayToken, type Tokenizer, unlessRefused } from "@revocab/vocabulary";
import { type Unreachable, whyUnreachable } from "@revocab/vocabulary-editing/internal";

/**
 * What becomes of each token of a vocabulary where its own text is encoded. A vocabulary is the sum of `reachable`, `special`,
 * `undecodable`, `unused` and all counts of `unreachable`.
 */
export interface Reachability {
  /** Some text is encoded with it: its own, or that after a letter, a digit, a sign or a line end. */
  readonly reachable: number;
  readonly special: number;
  /** Its bytes begin or end within a character, so it has no text of its own; whether some text has it is not tested. */
  readonly undecodable: number;
  /** Holes and placeholders. */
  readonly unused: number;
  /** Tokens that no text that was tried is encoded with, by why not. */
  readonly unreachable: Readonly<Record<UnreachableCause, number>>;
  /** The first of each cause, at most {@link EXAMPLES}. */
  readonly examples: readonly UnreachableToken[];
}

/** `same-bytes`: another token that stands for the same bytes is taken; for the others see `Unreachable`. */
export type UnreachableCause = "same-bytes" | Unreachable["cause"];

export interface UnreachableToken {
  readonly id: TokenId;
  readonly token: string;
  readonly cause: UnreachableCause;
  /** In words. */
  readonly reason: string;
}

const EXAMPLES = 10;
const LONGEST_SHOWN = 200;

/**
 * Asks the tokenizers library whether each token is ever given: the text that it stands for is encoded, by itself and, where it is not
 * found so, in other texts (magikarp's test of reachability, which tries one text).
 * @throws RevocabError bad_tokenizer, aborted
 * @see https://arxiv.org/abs/2405.05417 section 3.1
 */
export async function testReachability(tokenizer: Tokenizer, name: string, job?: Job): Promise<Reachability> {
  const { vocabulary } = tokenizer;
  const counts = { special: 0, undecodable: 0, unused: 0 };
  const texts: (readonly [TokenId, string])[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    const found = textOf(vocabulary, id);
    if (found.text === undefined) counts[found.kind]++;
    else texts.push([id, found.text]);
  }
  const lost = await findUnreachable(tokenizer, await notAlone(tokenizer, texts, name, job));
  const unreachable: Record<UnreachableCause, number> = {
    "same-bytes": 0,
    normalizer: 0,
    cut: 0,
    model: 0,
    "no-tokens": 0,
    "no-text": 0,
  };
  const examples: UnreachableToken[] = [];
  for (const [id, { cause, reason }] of lost) {
    unreachable[cause]++;
    if (unreachable[cause] <= EXAMPLES)
      examples.push({ id, token: showLine(displayToken(vocabulary, id), LONGEST_SHOWN), cause, reason });
  }
  return { reachable: texts.length - lost.size, ...counts, unreachable, examples };
}

type OwnText =
  | { readonly text: string }
  | { readonly text?: undefined; readonly kind: "special" | "undecodable" | "unused" };

function textOf(vocabulary: Vocabulary, id: TokenId): OwnText {
  const kind = vocabulary.kindOf(id);
  if (kind === "special" || kind === "unused") return { kind };
  const bytes = vocabulary.bytesOf(id);
  return isUtf8(bytes) ? { text: Buffer.from(bytes).toString() } : { kind: "undecodable" };
}

/** The tokens that their own text is not encoded with. */
async function notAlone(
  { encode }: Tokenizer,
  texts: readonly (readonly [TokenId, string])[],
  name: string,
  job: Job | undefined,
): Promise<(readonly [TokenId, string])[]> {
  const rest: (readonly [TokenId, string])[] = [];
  let done = 0;
  for await (const [one, ids] of mapAhead(texts, ([, text]) => unlessRefused(encode(text)))) {
    if (!ids?.includes(one[0])) rest.push(one);
    if (++done % TOKENS_BETWEEN_EVENTS !== 0 && done !== texts.length) continue;
    throwIfAborted(job?.abortSignal);
    job?.onProgress?.({
      type: "progress",
      step: `test the tokens of ${name}`,
      done,
      total: texts.length,
      unit: "tokens",
    });
  }
  return rest;
}

const TOKENS_BETWEEN_EVENTS = 4096;

type WhyUnreachable = Pick<UnreachableToken, "cause" | "reason">;

async function findUnreachable(
  tokenizer: Tokenizer,
  tokens: readonly (readonly [TokenId, string])[],
): Promise<Map<TokenId, WhyUnreachable>> {
  const { vocabulary } = tokenizer;
  const found: Map<TokenId, WhyUnreachable> = await whyUnreachable(
    tokenizer,
    tokens.map(([id, text]) => [id, [text]]),
  );
  for (const id of found.keys()) {
    const taken = vocabulary.idsOf(vocabulary.bytesOf(id)).find((other) => !found.has(other));
    if (taken === undefined) continue;
    found.set(id, { cause: "same-bytes", reason: `token ${taken} stands for the same bytes` });
  }
  return found;
}
