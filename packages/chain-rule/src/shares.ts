import { type InitContext, RevocabError, type TokenId, type Vocabulary } from "@revocab/core";

/**
 * [V_t] log P̂(t | s₁): the logarithm of a token's share among all tokens that begin with the same piece; 0 for a token
 * without pieces.
 * @param weightOf > 0
 */
export function logShares(
  size: number,
  groups: Iterable<readonly TokenId[]>,
  weightOf: (token: TokenId) => number,
): Float64Array {
  const shares = new Float64Array(size);
  for (const group of groups) {
    const total = group.reduce((sum, token) => sum + weightOf(token), 0);
    for (const token of group) shares[token] = Math.log(weightOf(token) / total);
  }
  return shares;
}

/** Without a text: tokenizers number their tokens by frequency, more or less, and frequencies fall as 1/rank. */
export function weightsByRank({ target: { vocabulary } }: InitContext): (token: TokenId) => number {
  const rank = new Uint32Array(vocabulary.size);
  let next = 0;
  for (let token = 0; token < vocabulary.size; token++) {
    if (isText(vocabulary, token)) rank[token] = next++;
  }
  return (token) => 1 / (rank[token] + 10);
}

/**
 * How often a text has each token of the target's tokenizer, plus `smoothing` on average: more for tokens with low ids, which were
 * frequent in the text that the tokenizer was trained on.
 * @throws RevocabError bad_options without the tokenizer; no_evidence when it reads all of the text as unknown
 */
export async function weightsByCount(
  context: InitContext,
  documents: readonly string[],
  smoothing: number,
): Promise<(token: TokenId) => number> {
  const { vocabulary, encode } = context.target;
  if (encode === undefined) {
    throw new RevocabError(
      "bad_options",
      "chain-rule counts tokens of a text and needs the target's tokenizer",
      {
        hint: "give the context the target's encode, or leave the text out",
      },
    );
  }
  const counts = new Float64Array(vocabulary.size);
  for (const document of documents) for (const token of await encode(document)) counts[token]++;
  const known = counts.reduce((sum, count, token) => sum + (isText(vocabulary, token) ? count : 0), 0);
  if (known === 0) {
    throw new RevocabError(
      "no_evidence",
      "the target's tokenizer reads all of the sample text as unknown tokens",
      {
        hint: "give a text in the language the tokenizer is for",
      },
    );
  }
  const prior = weightsByRank(context);
  const texts = Array.from(counts.keys()).filter((token) => isText(vocabulary, token));
  const scale = (smoothing * texts.length) / texts.reduce((sum, token) => sum + prior(token), 0);
  return (token) => counts[token] + scale * prior(token);
}

function isText(vocabulary: Vocabulary, token: TokenId): boolean {
  const kind = vocabulary.kindOf(token);
  return kind === "text" || kind === "byte";
}
