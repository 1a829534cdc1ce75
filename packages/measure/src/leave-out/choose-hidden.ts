import { type Alignment, MATCHES, RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { randomStream } from "@revocab/matrix";

export interface HiddenTokens {
  /** Source tokens that could have been hidden. */
  readonly sharedTokens: number;
  /** [n] the target tokens whose rows a method initializes. */
  readonly targets: Uint32Array;
  /** [n] the source tokens with their true rows. */
  readonly sources: Uint32Array;
  /** These source tokens and all others of the same bytes: any that stays visible would give the row away. */
  readonly hiddenSources: ReadonlySet<TokenId>;
}

export interface ChooseHiddenOptions {
  readonly seed: number;
  readonly share: number;
  readonly maxTokens: number;
}

/**
 * Chooses among the text tokens that both vocabularies have. Each draws a number from the seed and its source id alone, and
 * the lowest numbers are taken. So a larger share contains a smaller one, and two targets of one source hide the same tokens
 * as far as they share them.
 *
 * Byte tokens (`<0x0A>`) are never hidden: other tokens are spelled with them, no new token is one, and most were never trained.
 * @throws RevocabError bad_options
 */
export function chooseHidden(
  source: Vocabulary,
  target: Vocabulary,
  { sourceOf, match }: Alignment,
  { seed, share, maxTokens }: ChooseHiddenOptions,
): HiddenTokens {
  checkOptions(share, maxTokens);
  const targetOf = new Map<TokenId, TokenId>();
  for (let id = 0; id < target.size; id++) {
    const shared = sourceOf[id];
    if (match[id] !== BY_BYTES || source.kindOf(shared) !== "text" || targetOf.has(shared)) continue;
    targetOf.set(shared, id);
  }
  const drawn = Array.from(targetOf.keys(), (id) => ({ id, draw: randomStream(seed, id, PURPOSE).uniform() }))
    .sort((a, b) => a.draw - b.draw || a.id - b.id)
    .slice(0, Math.min(maxTokens, Math.max(1, Math.round(share * targetOf.size))))
    .map(({ id }) => id)
    .sort((a, b) => a - b);
  return {
    sharedTokens: targetOf.size,
    targets: Uint32Array.from(drawn, (id) => targetOf.get(id)!),
    sources: Uint32Array.from(drawn),
    hiddenSources: new Set(drawn.flatMap((id) => source.idsOf(source.bytesOf(id)))),
  };
}

const BY_BYTES = MATCHES.indexOf("bytes");

/** "left" in ASCII: keeps these draws apart from those of the methods, which have the same seed. */
const PURPOSE = 0x6c656674;

function checkOptions(share: number, maxTokens: number): void {
  if (!(share > 0 && share <= 1)) {
    throw new RevocabError(
      "bad_options",
      `the share of tokens to hide is ${share}, expected a number above 0 and at most 1`,
    );
  }
  if (!(Number.isSafeInteger(maxTokens) && maxTokens > 0)) {
    throw new RevocabError(
      "bad_options",
      `maxTokens is ${maxTokens}, expected a whole number of tokens to hide at most`,
    );
  }
}
