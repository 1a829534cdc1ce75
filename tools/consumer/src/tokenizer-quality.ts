import {
  classifyTokens,
  measureQuality,
  type QualityReport,
  type TokenClass,
  type TokenizerQuality,
} from "@revocab/tokenizer-quality";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function quality(): Promise<void> {
  const tokenizer = await loadTokenizer("sample/tokenizer");
  const report = await measureQuality({
    tokenizers: [{ name: "sample", tokenizer }],
    texts: [{ name: "en", path: "sample/stories.txt" }],
  });
  same<typeof report, QualityReport>();
  same<QualityReport["tokenizers"], readonly TokenizerQuality[]>();
  same<TokenizerQuality["texts"][number]["tokensPerWord"], number | null>();
  same<TokenizerQuality["fairness"]["texts"], number | null>();
  // @ts-expect-error: without texts there is no sum of them
  report.tokenizers[0].allTexts.tokens;
  // @ts-expect-error: a tokenizer has a name in the report
  await measureQuality({ tokenizers: [tokenizer] });

  const { counts } = classifyTokens(tokenizer.vocabulary);
  same<typeof counts, Readonly<Record<TokenClass, number>>>();
}
