import { fileURLToPath } from "node:url";

const TERMS = fileURLToPath(new URL("../../../docs/methods/domain-types.tsv", import.meta.url));

/**
 * The rows of the table: a name of the catalog with its options, and the evidence of a pair as further options, or why there is none.
 * With `thenSpelled`, what a method has no evidence for is spelled (`subtoken-mean`) before it becomes the mean.
 */
export const METHODS = [
  row("zero"),
  row("random"),
  row("univariate-normal"),
  row("multivariate-normal"),
  row("mean"),
  row("copy-overlap"),
  row("subtoken-mean"),
  row("subtoken-mean:weighting=byte-length"),
  row("subtoken-mean:weighting=first-last"),
  row("subtoken-mean:weighting=front-loaded"),
  row("subtoken-mean:weighting=exponential"),
  row("domain-types", ({ hasTerms }) => (hasTerms ? { types: TERMS } : { notApplicable: "no terms" })),
  ...withSpelling("focus", ({ lines }) => ({ text: lines })),
  ...withSpelling("wechsel", (evidence) => evidence.wordVectors()),
  ...withSpelling("ofa", (evidence) => evidence.wordVectors()),
  row("trans-tokenization", (evidence) => evidence.parallelText()),
  // one epoch: the method's page has no better score for more
  ...withSpelling("cw2v", (evidence) => ({ text: evidence.mixedText(), epochs: 1, threads: 2, memory: 3 })),
  row("chain-rule:without-text"),
  row("chain-rule:correction=none", ({ sample }) => ({ text: sample })),
  row("chain-rule:correction=map", ({ sample }) => ({ text: sample })),
  row("chain-rule:correction=contextual", ({ sample }) => ({ text: sample })),
];

function row(name, evidence = () => ({}), thenSpelled = false) {
  return {
    name: thenSpelled ? `${name}+subtoken-mean` : name,
    method: name.replace(":without-text", ""),
    evidence,
    thenSpelled,
  };
}

function withSpelling(name, evidence) {
  return [row(name, evidence), row(name, evidence, true)];
}
