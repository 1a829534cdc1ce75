// New rows from code: a matrix, two vocabularies and a method in; one row a token out. No file is written.
//   node examples/initialize-rows.mjs
import { openCheckpoint } from "@revocab/checkpoint";
import { initializeRows, mean, subtokenMean, withFallback } from "@revocab/embedding-init";
import { displayToken, loadTokenizer } from "@revocab/vocabulary";

const model = await openCheckpoint("sample/model");
const source = await loadTokenizer("sample/model");
const target = await loadTokenizer("sample/tokenizer");

const tokens = Uint32Array.from(
  [" butterfly", " castle", "!"],
  (text) => target.vocabulary.idsOf(Buffer.from(text))[0],
);
const { rows, columns, data } = await initializeRows({
  source: { embeddings: model.tables[0].matrix, vocabulary: source.vocabulary },
  target: { vocabulary: target.vocabulary },
  tokens,
  method: withFallback(subtokenMean(), mean()),
});

for (let row = 0; row < rows; row++) {
  const [first, second, third] = data.subarray(row * columns, row * columns + 3);
  console.log(
    `${JSON.stringify(displayToken(target.vocabulary, tokens[row]))}: [${first}, ${second}, ${third}, … ${columns} values]`,
  );
}
await model.close();
