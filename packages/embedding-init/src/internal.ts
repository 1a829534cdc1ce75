/** What packages of methods share; not for users. */

export { checkOption, checkWord } from "./check-option.ts";
export { asEvidence } from "./context.ts";
export { evidenceName, noteEvidence } from "./evidence.ts";
export { mixtureOfTokens, type TokenWeights } from "./similarity-mixtures.ts";
export { tokenStream } from "./token-stream.ts";
