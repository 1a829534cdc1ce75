import { chainRuleEntry } from "./entries/chain-rule.ts";
import { copyOverlapEntry } from "./entries/copy-overlap.ts";
import { cw2vEntry } from "./entries/cw2v.ts";
import { domainTypesEntry } from "./entries/domain-types.ts";
import { focusEntry } from "./entries/focus.ts";
import { meanEntry } from "./entries/mean.ts";
import { multivariateNormalEntry } from "./entries/multivariate-normal.ts";
import { ofaEntry } from "./entries/ofa.ts";
import { randomEntry } from "./entries/random.ts";
import { subtokenMeanEntry } from "./entries/subtoken-mean.ts";
import { transTokenizationEntry } from "./entries/trans-tokenization.ts";
import { univariateNormalEntry } from "./entries/univariate-normal.ts";
import { wechselEntry } from "./entries/wechsel.ts";
import { zeroEntry } from "./entries/zero.ts";
import type { MethodEntry } from "./method-entry.ts";

/** The methods of this package by their names on the command line and in recipes. */
export const METHODS: Readonly<Record<string, MethodEntry>> = {
  "copy-overlap": copyOverlapEntry,
  mean: meanEntry,
  random: randomEntry,
  "univariate-normal": univariateNormalEntry,
  "multivariate-normal": multivariateNormalEntry,
  zero: zeroEntry,
  "subtoken-mean": subtokenMeanEntry,
  "chain-rule": chainRuleEntry,
  focus: focusEntry,
  wechsel: wechselEntry,
  ofa: ofaEntry,
  cw2v: cw2vEntry,
  "trans-tokenization": transTokenizationEntry,
  "domain-types": domainTypesEntry,
};
