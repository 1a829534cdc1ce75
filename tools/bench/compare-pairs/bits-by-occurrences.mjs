import { prepareScoring } from "../../../packages/evaluation/dist/index.js";
import { scoreTogether } from "../../../packages/transformer-runtime/dist/index.js";

/** How often the text that is trained on has a token. */
const GROUPS = [
  { name: "never", from: 0 },
  { name: "seldom", from: 1 },
  { name: "often", from: 10 },
];

/** How often each id is read and how often it is predicted. */
export function countOccurrences(queries, size) {
  const read = new Uint32Array(size);
  const predicted = new Uint32Array(size);
  for (const { tokens, targets } of queries) {
    for (const token of tokens) read[token]++;
    for (const token of targets) predicted[token]++;
  }
  return { read, predicted };
}

/**
 * A text's bits by how often the text that is trained on has the predicted token; `afterNever` are predictions right after a token
 * that it never has.
 * @param occurrences as `countOccurrences` gives them
 * @returns for each group its predicted tokens and their mean bits
 */
export async function bitsByOccurrences(transformer, tables, tokenizer, documents, occurrences) {
  const { kind, contextLength } = transformer;
  const model = { kind, contextLength, vocabularySize: tables.output.rows };
  const { queries } = await prepareScoring({ model, tokenizer, documents });
  const [logarithms] = await scoreTogether(transformer, [{ tables, queries }]);
  const sums = Object.fromEntries(
    [...GROUPS.map(({ name }) => name), "afterNever"].map((name) => [name, { tokens: 0, bits: 0 }]),
  );
  const add = (name, bits) => {
    sums[name].tokens++;
    sums[name].bits += bits;
  };
  for (const [query, { tokens, positions, targets }] of queries.entries()) {
    for (const [i, target] of targets.entries()) {
      const bits = -logarithms[query][i] / Math.LN2;
      add(GROUPS.findLast(({ from }) => occurrences.predicted[target] >= from).name, bits);
      if (occurrences.read[tokens[positions[i]]] === 0) add("afterNever", bits);
    }
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, { tokens, bits }]) => [
      name,
      { tokens, bitsPerToken: tokens === 0 ? null : bits / tokens },
    ]),
  );
}
