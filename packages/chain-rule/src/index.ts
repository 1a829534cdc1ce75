export { chainRule, chainRuleEntry } from "./chain-rule.ts";
export { type ChainRuleOptions, CORRECTIONS, type Correction } from "./settings.ts";
