import type { LanguageModel } from "@revocab/core";
import {
  type BitsPerByte,
  bitsPerByte,
  compareLosses,
  type DocumentLosses,
  type Evaluation,
  evaluateText,
  type LossByToken,
  type LossComparison,
  lossByToken,
  type PseudoLikelihood,
  scoreTokens,
} from "@revocab/evaluation";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function score(model: LanguageModel): Promise<number> {
  const tokenizer = await loadTokenizer("sample/model");
  const documents = ["Once upon a time"];
  same<ReturnType<typeof bitsPerByte>, Promise<BitsPerByte>>();
  await bitsPerByte({ model, tokenizer, documents, context: 256, bos: "never" });

  const evaluation = await evaluateText({ model, tokenizer, documents });
  same<typeof evaluation, Evaluation>();
  same<Evaluation, BitsPerByte | PseudoLikelihood>();
  // @ts-expect-error: figures of the two kinds are not comparable, so the kind must be told first
  void evaluation.bitsPerByte;
  // @ts-expect-error: a tokenizer is needed
  await evaluateText({ model, documents });

  const { score, losses } = await scoreTokens({ model, tokenizer, documents });
  same<typeof losses, readonly DocumentLosses[]>();
  const { vocabulary } = tokenizer;
  same<LossByToken, ReturnType<typeof lossByToken>>();
  lossByToken({ losses, documents, vocabulary, kind: score.kind });
  same<LossComparison, ReturnType<typeof compareLosses>>();
  compareLosses({ losses, vocabulary }, { losses, vocabulary });
  return evaluation.kind === "bits-per-byte" ? evaluation.bitsPerByte : evaluation.pseudoBitsPerByte;
}
