/** Names of methods that have a row for every token. */
export const NEED_NO_EVIDENCE: ReadonlySet<string> = new Set([
  "mean",
  "multivariate-normal",
  "random",
  "univariate-normal",
  "zero",
]);
