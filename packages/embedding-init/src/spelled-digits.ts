import type { MixtureMethod } from "@revocab/core";
import { MixtureBuilder, mixtureRow } from "@revocab/matrix";
import { isDigitToken } from "@revocab/vocabulary/internal";
import { subtokenMean } from "./subtoken-mean.ts";

/**
 * Each token of digits alone that the source lacks becomes the mean of the source tokens that spell it, as `subtokenMean` gives
 * it; other tokens get no row. Tried before another method, it keeps numbers out of that method's hands: neighbours in meaning
 * of `123` are numbers like `124`, and arithmetic must tell them apart.
 * @see https://arxiv.org/abs/2402.09977 (FVT)
 */
export function spelledDigits(): MixtureMethod {
  const spelling = subtokenMean();
  return {
    ...spelling,
    name: NAME,
    options: {},
    async prepare(context) {
      const { mixture: spell } = await spelling.prepare(context);
      const { vocabulary } = context.target;
      const isNewDigits = (id: number) =>
        (context.alignment.sourceOf[id] as number) < 0 && isDigitToken(vocabulary, id);
      return {
        mixture(tokens, table) {
          const spelled = spell(tokens.filter(isNewDigits), table);
          const builder = new MixtureBuilder();
          let next = 0;
          for (const token of tokens) {
            if (!isNewDigits(token)) {
              builder.addEmpty();
              continue;
            }
            const { sources, weights } = mixtureRow(spelled, next++);
            builder.addRow(sources, weights);
          }
          return builder.build();
        },
      };
    },
  };
}

const NAME = "spelled-digits";

/** Whether a method of a recipe is the one that `digits: spelling` adds. */
export function isSpelledDigits({ name }: { readonly name: string }): boolean {
  return name === NAME;
}
