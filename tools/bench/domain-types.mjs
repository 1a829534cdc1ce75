/**
 * How well types guess the rows of terms that a model knows: each term that is one token of the model is hidden by itself, made
 * anew by each method, and compared with its true row. After a build:
 * `node tools/bench/domain-types.mjs sample/model docs/methods/domain-types.tsv`
 */
import { openCheckpoint } from "../../packages/checkpoint/dist/index.js";
import {
  domainTypes,
  initializeRows,
  mean,
  readTypedTerms,
  subtokenMean,
  withFallback,
} from "../../packages/embedding-init/dist/index.js";
import { readMatrix } from "../../packages/matrix/dist/index.js";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const [folder, file] = process.argv.slice(2);
const model = await openCheckpoint(folder);
const { vocabulary, vocabularyWithout } = await loadTokenizer(folder);
const types = await readTypedTerms(file);
const { matrix } = model.tables[0];
const { rows, columns, data } = await readMatrix(matrix, 0, matrix.rows);
const center = Float64Array.from({ length: columns }, (_, j) => {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * columns + j];
  return sum / rows;
});

const methods = { "subtoken-mean": subtokenMean() };
for (const known of ["token", "spelling"]) {
  for (const weight of [0.25, 0.5, 0.75, 1]) {
    methods[`known=${known} weight=${weight}`] = domainTypes({ types, known, weight });
  }
}
const ids = types.flatMap(({ term }) => vocabulary.idsOf(Buffer.from(` ${term}`))[0] ?? []);
const scores = Object.fromEntries(Object.keys(methods).map((name) => [name, []]));
for (const id of ids) {
  const source = { embeddings: matrix, vocabulary: vocabularyWithout(new Set([id])) };
  const truth = data.subarray(id * columns, (id + 1) * columns);
  for (const [name, method] of Object.entries(methods)) {
    const made = await initializeRows({
      source,
      target: { vocabulary },
      tokens: Uint32Array.of(id),
      method: withFallback(method, mean()),
    });
    scores[name].push(compare(made.data, truth));
  }
}
await model.close();

console.log(`${ids.length} terms are one token; cosine and squared error, both from the mean of all rows`);
for (const [name, all] of Object.entries(scores)) {
  const meanOf = (key) => (all.reduce((sum, one) => sum + one[key], 0) / all.length).toFixed(3);
  const better = all.filter(({ cosine }, i) => cosine > scores["subtoken-mean"][i].cosine).length;
  console.log(
    `${name.padEnd(28)} cosine ${meanOf("cosine")}  error ${meanOf("error")}  above spelling ${better}`,
  );
}

function compare(made, truth) {
  let [product, madeSquare, trueSquare, error] = [0, 0, 0, 0];
  for (let j = 0; j < columns; j++) {
    const [a, b] = [made[j] - center[j], truth[j] - center[j]];
    product += a * b;
    madeSquare += a * a;
    trueSquare += b * b;
    error += (a - b) ** 2;
  }
  return { cosine: product / Math.sqrt(madeSquare * trueSquare), error: error / trueSquare };
}
