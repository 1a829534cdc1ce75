import { fileURLToPath } from "node:url";
import { subtokenMean, withFallback } from "../../../packages/embedding-init/dist/index.js";
import { whereSeen } from "./where-seen.mjs";

const TERMS = fileURLToPath(new URL("../../../docs/methods/domain-types.tsv", import.meta.url));

/**
 * The rows of the table: a name of the catalog with its options; the evidence of a pair as further options, or why there is none; and
 * what is made of the method. `…+subtoken-mean`: tokens that it has no evidence for are spelled before they become the mean.
 * `where-seen:…`: it is asked for tokens alone that the sample has.
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
  row("subtoken-mean:weighting=head-byte-length:norms=calibrated"),
  row("where-seen:subtoken-mean", undefined, (method, { lines }) => whereSeen(method, lines)),
  row("where-seen:subtoken-mean:weighting=front-loaded", undefined, (method, { lines }) =>
    whereSeen(method, lines),
  ),
  row("domain-types", ({ hasTerms }) => (hasTerms ? { types: TERMS } : { notApplicable: "no terms" })),
  ...withSpelling("focus", ({ lines }) => ({ text: lines })),
  ...withSpelling("wechsel", (evidence) => evidence.wordVectors()),
  ...withSpelling("ofa", (evidence) => evidence.wordVectors()),
  row("trans-tokenization", (evidence) => evidence.parallelText()),
  row("cw2v:heads=both", skipGram("both")),
  ...withSpelling("cw2v:heads=one", skipGram("one")),
  // without a text: by the order of ids, and by what the model writes itself
  row("chain-rule:written=0"),
  row("chain-rule:written=40000"),
  row("chain-rule:correction=none", ({ sample }) => ({ text: sample })),
  row("chain-rule:correction=map", ({ sample }) => ({ text: sample })),
  row("chain-rule:correction=contextual", ({ sample }) => ({ text: sample })),
  row("chain-rule:correction=contextual:written=40000", ({ sample }) => ({ text: sample })),
];

function skipGram(heads) {
  return (evidence, { name }) => ({
    text: evidence.mixedText(),
    // the method's page has no better score for more
    epochs: 1,
    // so that the same seed gives the same bits
    threads: 1,
    memory: 3,
    // all rows with these heads are of one training
    checkpoint: evidence.file(`cw2v-${heads}-${name.replace("/", "-")}.safetensors`),
  });
}

function row(name, evidence = () => ({}), wrap = (method) => method) {
  return { name, method: name.replace(/^where-seen:|\+subtoken-mean$/g, ""), evidence, wrap };
}

function withSpelling(name, evidence) {
  return [
    row(name, evidence),
    row(`${name}+subtoken-mean`, evidence, (method) => withFallback(method, subtokenMean())),
  ];
}
