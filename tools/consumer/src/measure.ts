import { methodCandidates } from "@revocab/embedding-init";
import type { Evaluation } from "@revocab/evaluation";
import {
  type ComparedMethod,
  compareMethods,
  evaluateMixture,
  evaluateModel,
  type GeneratedBytes,
  type GeneratedText,
  generateBytes,
  generateText,
  type MethodComparison,
  type MixtureEvaluation,
  type ModelEvaluation,
} from "@revocab/measure";
import { same } from "./same.js";

export async function measurements(): Promise<void> {
  const evaluation = await evaluateModel({
    model: "sample/model",
    text: "sample/stories.txt",
    byteLevel: true,
  });
  same<typeof evaluation, ModelEvaluation>();
  same<typeof evaluation.kind, "bits-per-byte" | "pseudo-likelihood">();
  // @ts-expect-error: a text is needed
  await evaluateModel({ model: "sample/model" });

  const comparison = await compareMethods({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    text: "sample/stories.txt",
    choice: methodCandidates(["mean", "subtoken-mean"]),
    maxBytes: 1000,
  });
  same<typeof comparison, MethodComparison>();
  same<typeof comparison.source, Evaluation>();
  const best = comparison.methods[comparison.best];
  same<typeof best, ComparedMethod | undefined>();
  const trained = await compareMethods({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    text: "sample/stories.txt",
    choice: methodCandidates(["mean"]),
    after: 50,
    trainText: "sample/stories.txt",
  });
  same<NonNullable<typeof trained.training>["steps"], number>();
  same<NonNullable<ComparedMethod["after"]>["evaluation"], Evaluation>();
  await compareMethods({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    text: "sample/stories.txt",
    // @ts-expect-error: methods are chosen by `methodCandidates`
    choice: ["mean"],
  });

  const generated = await generateText({
    model: "sample/model",
    prompt: "Once",
    onText: (text: string) => void text,
  });
  same<typeof generated, GeneratedText>();
  same<typeof generated.tokens, readonly number[]>();

  const written = await generateBytes({
    model: "sample/model",
    with: ["out/other"],
    weights: [0.6, 0.4],
    prompt: Uint8Array.of(0x4f),
    suffix: ".",
    gapOrder: "suffix-first",
  });
  same<typeof written, GeneratedBytes>();
  const mixture = await evaluateMixture({
    model: "sample/model",
    with: ["out/other"],
    text: "sample/stories.txt",
    mean: "geometric",
    fitText: "other.txt",
  });
  same<typeof mixture, MixtureEvaluation>();
}
