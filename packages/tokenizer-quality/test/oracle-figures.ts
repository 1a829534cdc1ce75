import type { QualityReport, TextQuality } from "@revocab/tokenizer-quality";
import { expect } from "vitest";

/** What `tools/oracle/tokenizer-quality.py` writes. */
export interface OracleFigures {
  readonly core: number;
  readonly tokenizers: readonly {
    readonly name: string;
    readonly size: number;
    readonly classes: Readonly<Record<string, number>>;
    readonly scripts: Readonly<Record<string, number>>;
    /** By Qtok's own rules. */
    readonly qtok: Readonly<Record<string, number>>;
    readonly reachability: Readonly<Record<string, number>>;
    readonly overlap: { readonly tokens: number; readonly singletons: number };
    readonly texts: readonly (Readonly<Record<string, number>> & { readonly exact: number })[];
    readonly gini: number | null;
    readonly parallel: readonly { readonly parity: number }[];
    readonly words: readonly { readonly whole: number; readonly wholeAfterSpace: number }[];
  }[];
}

/** Holds a report against the figures of the oracle: counts are equal, sums of logarithms within 1e-9. */
export function expectFigures(report: QualityReport, golden: OracleFigures): void {
  expect(report.coreTokens).toBe(golden.core);
  expect(report.tokenizers.length).toBe(golden.tokenizers.length);
  for (const [place, expected] of golden.tokenizers.entries()) {
    const found = report.tokenizers[place]!;
    expect(found.size, expected.name).toBe(expected.size);
    expect(withoutZeros(found.classes), expected.name).toEqual(expected.classes);
    expect(found.scripts, expected.name).toEqual(expected.scripts);
    const { tokens, singletons } = found.overlap;
    expect({ tokens, singletons }, expected.name).toEqual(expected.overlap);
    expect(reachabilityOf(found.reachability), expected.name).toEqual(withoutZeros(expected.reachability));
    for (const [i, text] of expected.texts.entries()) expectText(found.texts[i]!, text);
    if (expected.gini !== null) expect(found.fairness.texts).toBeCloseTo(expected.gini, 9);
    for (const [i, { parity }] of expected.parallel.entries())
      expect(found.parallel[i]!.parity, expected.name).toBeCloseTo(parity, 9);
    for (const [i, { whole, wholeAfterSpace }] of expected.words.entries())
      expect(found.words[i], expected.name).toMatchObject({ whole, wholeAfterSpace });
  }
}

function expectText(found: TextQuality, expected: OracleFigures["tokenizers"][number]["texts"][number]) {
  expect(found).toMatchObject({ tokens: expected.tokens, types: expected.types });
  expect(found.roundTrips.exact).toBe(expected.exact);
  for (const name of LOGARITHMS) expect(found[name], name).toBeCloseTo(expected[name]!, 9);
}

const LOGARITHMS = [
  "bytesPerToken",
  "tokensPerCharacter",
  "vocabularyUse",
  "typeTokenRatio",
  "shannonEntropy",
  "renyiEfficiency",
  "meanRank",
] as const;

/** With the causes of the oracle: the same bytes, or any other. */
function reachabilityOf({
  unreachable,
  examples: _,
  ...counts
}: QualityReport["tokenizers"][number]["reachability"]) {
  const { "same-bytes": same, ...others } = unreachable;
  const lost = Object.values(others).reduce((sum, count) => sum + count, 0);
  return withoutZeros({ ...counts, "same-bytes": same, unreachable: lost });
}

function withoutZeros(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
