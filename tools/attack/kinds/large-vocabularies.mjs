import { subtokenMean } from "../../../packages/embedding-init/dist/index.js";
import { openLargeVocabulary } from "../../../packages/large-vocabulary/dist/index.js";
import { openProductSearch } from "../../../packages/neighbors/dist/index.js";
import { readCorpus, writeLargeVocabulary } from "../../../packages/transfer/dist/index.js";
import { folderFiles, made, repositoryPath } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";

export default async function largeVocabularies(inputs) {
  const [model, corpus] = ["sample/model", "sample/stories.txt"].map(repositoryPath);
  const place = await made(inputs, "vocabulary", (out) =>
    writeLargeVocabulary({
      ...{ model, corpus: readCorpus(corpus), size: 1300, minimumCount: 1, method: subtokenMean() },
      ...{ clusters: 8, out, job: { threads: 1 } },
    }),
  );
  const files = folderFiles(place);
  const attacked = ["large-vocabulary.json", "rows.safetensors", "index.safetensors"];
  const seeds = attacked.map((name) => ({ name, files, attacked: [name] }));
  return { seeds, mutant: (random) => damagedFolder(random, seeds), read: readVocabulary };
}

/** What `generate --dynamic` does with a vocabulary for one token, but for the model. */
async function readVocabulary(folder) {
  const { index, tables, tokenizer, close } = await openLargeVocabulary(folder);
  try {
    const search = await openProductSearch({ index, rows: tables.output, job: { threads: 1 } });
    try {
      const { ids } = await search.largest(new Float32Array(index.columns).fill(1), { k: 4, share: 0.5 });
      return Array.from(ids, (id) => tokenizer.vocabulary.tokenOf(id));
    } finally {
      await search.close();
    }
  } finally {
    await close();
  }
}
