import type { LanguageModel } from "@revocab/core";
import { evaluateServedModel, type ServedEvaluation } from "@revocab/measure";
import { type Dialect, openServedModel, type ServedModel } from "@revocab/served-model";
import { same } from "./same.js";

export async function served(): Promise<number> {
  const model = await openServedModel({
    server: "http://127.0.0.1:8000/v1",
    vocabularySize: 32_000,
    requests: 16,
  });
  same<typeof model, ServedModel>();
  same<typeof model.kind, "causal">();
  same<typeof model.dialect, Dialect>();
  const language: LanguageModel = model;
  void language.score;
  // @ts-expect-error: the largest id of the tokenizer is not known to the server
  await openServedModel({ server: "http://127.0.0.1:8000/v1" });

  const evaluation = await evaluateServedModel({
    server: "http://127.0.0.1:8000/v1",
    tokenizer: "sample/model",
    text: "sample/stories.txt",
  });
  same<typeof evaluation, ServedEvaluation>();
  same<typeof evaluation.served.model, string>();
  // @ts-expect-error: texts are encoded here, so the tokenizer is needed
  await evaluateServedModel({ server: "http://127.0.0.1:8000/v1", text: "sample/stories.txt" });
  return evaluation.bitsPerByte;
}
