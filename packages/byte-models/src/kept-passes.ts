import type { TokenId } from "@revocab/core";
import { textTokensOf } from "@revocab/evaluation/internal";
import type { BodyCache, OpenLanguageModel } from "@revocab/transformer-runtime";
import type { Cover, GrowingCovers } from "./growing-covers.ts";

/** A model that continues texts, with the keys and values of what it has read. */
export type ContinuingModel = Pick<
  OpenLanguageModel,
  "kind" | "contextLength" | "vocabularySize" | "startTokens" | "continue"
>;

/** What was asked of a model so far. */
export interface ReadingCost {
  /** Forward passes. */
  readonly passes: number;
  /** Tokens in them; what is kept of earlier passes is not read again. */
  readonly tokens: number;
}

export interface KeptPasses {
  readonly cost: ReadingCost;
  /**
   * [V] of the model after a cover. It reads the tokens that follow the nearest cover whose keys and values are kept: of a
   * parent's child one token.
   * @returns undefined when the model's context is full
   */
  logitsAfter(cover: Cover): Promise<Float32Array | undefined>;
  /** Takes the keys and values over for covers of the same tokens. */
  moveTo(covers: GrowingCovers): void;
  /** Frees the keys and values that no cover needs any more. */
  keepFor(covers: GrowingCovers): void;
}

/**
 * @param begin tokens before the text
 * @param window tokens in a window, each of which begins with the last token of the one before
 */
export function keptPasses(
  model: ContinuingModel,
  begin: readonly TokenId[],
  window: number | undefined,
): KeptPasses {
  const kept = new Map<Cover, { readonly start: number; readonly cache: BodyCache }>();
  const cost = { passes: 0, tokens: 0 };
  const lengthOf = ({ depth }: Cover): number => begin.length + depth;
  const startOf = (length: number): number =>
    window === undefined ? 0 : Math.floor((length - 1) / (window - 1)) * (window - 1);

  /** The cover or its nearest ancestor for which `isWanted`. */
  function nearest(cover: Cover | undefined, isWanted: (cover: Cover) => boolean): Cover | undefined {
    let at = cover;
    while (at !== undefined && !isWanted(at)) at = at.parent;
    return at;
  }

  return {
    cost,
    async logitsAfter(cover) {
      const length = lengthOf(cover);
      if (window === undefined && length > model.contextLength) return undefined;
      const start = startOf(length);
      const base = nearest(cover.parent, (each) => kept.get(each)?.start === start);
      const count = length - (base === undefined ? start : lengthOf(base));
      const own = textTokensOf(cover, count);
      const tokens = Uint32Array.from([...begin.slice(begin.length - (count - own.length)), ...own]);
      const { logits, cache } = await model.continue(tokens, { cache: base && kept.get(base)?.cache });
      kept.set(cover, { start, cache });
      cost.passes++;
      cost.tokens += count;
      return logits;
    },
    moveTo({ stem, covers }) {
      const known = new Map([...kept].map(([cover, pass]) => [textTokensOf(cover).join(), pass]));
      kept.clear();
      const all = new Set<Cover>(covers());
      for (let at = stem?.parent; at !== undefined; at = at.parent) all.add(at);
      for (const cover of all) {
        const pass = known.get(textTokensOf(cover).join());
        if (pass !== undefined) kept.set(cover, pass);
      }
    },
    keepFor(covers) {
      const needed = new Set(covers.covers());
      const base = nearest(covers.stem, (each) => kept.has(each));
      for (const cover of kept.keys()) if (cover !== base && !needed.has(cover)) kept.delete(cover);
    },
  };
}
