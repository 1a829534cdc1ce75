import { subtokenMean } from "@revocab/embedding-init";
import { openLargeVocabulary, openShortlistModel, type ShortlistMass } from "@revocab/large-vocabulary";
import { generateText } from "@revocab/measure";
import { openModel } from "@revocab/plan";
import { type LargeVocabularyReport, readCorpus, writeLargeVocabulary } from "@revocab/transfer";
import { openTransformer } from "@revocab/transformer-runtime";
import { same } from "./same.js";

export async function largeVocabularies(): Promise<void> {
  const written = {
    model: "sample/model",
    corpus: readCorpus("sample/stories.txt"),
    size: 1340,
    out: "out/big",
  };
  const report = await writeLargeVocabulary({ ...written, method: subtokenMean() });
  same<typeof report, LargeVocabularyReport>();
  // @ts-expect-error: a method is needed
  await writeLargeVocabulary(written);

  const { shortlist } = await generateText({
    model: "sample/model",
    dynamic: "out/big",
    shortlist: 64,
    exact: true,
    prompt: "Once",
  });
  same<typeof shortlist, ShortlistMass | undefined>();

  const { checkpoint } = await openModel("sample/model");
  const transformer = await openTransformer(checkpoint);
  const vocabulary = await openLargeVocabulary("out/big");
  const model = await openShortlistModel({ transformer, vocabulary, share: 0.1 });
  const { tokens, logits } = await model.continue(Uint32Array.of(1));
  same<typeof tokens, Uint32Array | undefined>();
  same<typeof logits, Float32Array>();
}
