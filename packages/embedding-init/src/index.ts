export { tokensOfLines } from "./auxiliary-vectors.ts";
export { closeMethod, methodsOf, withFallback } from "./chains.ts";
export { type InitContextOptions, initContext, type TextReader } from "./context.ts";
export { copyOverlap } from "./copy-overlap.ts";
export { readTypedTerms, type TypedTerm } from "./domain-types/typed-terms.ts";
export { type DomainTypesOptions, domainTypes } from "./domain-types.ts";
export { type FocusOptions, focus } from "./focus.ts";
export { type InitializeRowsOptions, initializeRows } from "./initialize-rows.ts";
export { mean } from "./mean.ts";
export {
  type CandidateChoice,
  type MethodCandidate,
  methodCandidates,
  readsDonor,
} from "./method-candidates.ts";
export {
  describeOptions,
  filePath,
  type MethodDefinition,
  type MethodEntry,
  methodEntry,
  nearestName,
  numberOption,
  type OptionDescription,
} from "./method-entry.ts";
export { kebabCase, methodText, parseMethodText, type WrittenMethod } from "./method-text.ts";
export { defaultMethod, entryNamed, METHODS, methodNamed } from "./methods.ts";
export { type MultivariateNormalOptions, multivariateNormal } from "./multivariate-normal.ts";
export { type OfaOptions, ofa } from "./ofa.ts";
export { type PlannedTable, type PlanTableOptions, planTable, rowsOfPlan } from "./plan-table.ts";
export { type RandomOptions, random } from "./random.ts";
export { isSpecialsApart, type SpecialsApartOptions, specialsApart } from "./specials-apart.ts";
export { isSpelledDigits, spelledDigits } from "./spelled-digits.ts";
export { type SubtokenMeanOptions, subtokenMean, WEIGHTINGS, type Weighting } from "./subtoken-mean.ts";
export { type TransTokenizationOptions, transTokenization } from "./trans-tokenization.ts";
export { univariateNormal } from "./univariate-normal.ts";
export { type WechselOptions, wechsel } from "./wechsel.ts";
export { zero } from "./zero.ts";
