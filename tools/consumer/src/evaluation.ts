import type { LanguageModel } from "@revocab/core";
import {
  type BitsPerByte,
  bitsPerByte,
  type Evaluation,
  evaluateText,
  type PseudoLikelihood,
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
  return evaluation.kind === "bits-per-byte" ? evaluation.bitsPerByte : evaluation.pseudoBitsPerByte;
}
