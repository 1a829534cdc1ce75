import { join } from "node:path";
import { readWordVectors, writeTextVectors } from "../../../packages/word-vectors/dist/index.js";
import { repositoryFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";

const fastText = Object.entries(repositoryFolder("packages/word-vectors/test/fixtures/fasttext")).filter(
  ([name]) => /\.(bin|ftz)$/.test(name),
);
const words = ["the", "story", "ä", "語", "</s>"];
const rows = words.map((_, word) => Array.from({ length: 4 }, (_, place) => (word - place) / 8));
const seeds = [
  ...fastText.map(([name, content]) => ({
    name,
    files: { [name]: content },
    attacked: [name],
    isRefused: name.endsWith(".ftz"),
  })),
  seedOf(
    "vectors.vec",
    `5 4\n${words.map((word, place) => `${word} ${rows[place].join(" ")} `).join("\n")}\n`,
  ),
  seedOf("glove.txt", `${words.map((word, place) => `${word} ${rows[place].join(" ")}`).join("\n")}\n`),
  seedOf(
    "word2vec.bin",
    Buffer.concat([
      Buffer.from("5 4\n"),
      ...words.flatMap((word, place) => [
        Buffer.from(`${word} `),
        Buffer.from(Float32Array.from(rows[place]).buffer),
        Buffer.from("\n"),
      ]),
    ]),
  ),
];

function seedOf(name, content) {
  return { name, files: { [name]: content }, attacked: [name] };
}

export default function wordVectors() {
  return { seeds, mutant: (random) => damagedFolder(random, seeds), read: readVectors };
}

async function readVectors(folder, { name }) {
  const vectors = await readWordVectors(join(folder, name), { onlyLearnedNgrams: true });
  for (const word of ["the", "unheard", "", "ä"]) vectors.vectorOf(word);
  await writeTextVectors(join(folder, "out.vec"), vectors);
  return [];
}
