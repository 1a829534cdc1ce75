import { linesOfText } from "../../../packages/files/dist/index.js";
import { MixtureBuilder } from "../../../packages/matrix/dist/index.js";

/**
 * A method for those tokens alone that a text has when it is written with the target tokenizer; others have no evidence. The control for
 * methods that learn from text: it knows of the text which tokens are in use, and nothing else.
 */
export function whereSeen(method, text) {
  return {
    ...method,
    name: `where-seen:${method.name}`,
    async prepare(context) {
      const { mixture, basis } = await method.prepare(context);
      const seen = new Set();
      for await (const line of linesOfText(text))
        for (const id of await context.target.encode(line)) seen.add(id);
      return {
        ...(basis && { basis }),
        mixture(tokens, table) {
          const { offsets, sources, weights } = mixture(tokens, table);
          const builder = new MixtureBuilder();
          for (const [row, token] of tokens.entries()) {
            const range = [offsets[row], offsets[row + 1]];
            if (seen.has(token)) builder.addRow(sources.subarray(...range), weights.subarray(...range));
            else builder.addEmpty();
          }
          return builder.build();
        },
      };
    },
  };
}
