/** What packages of methods share; not for users. */

export { asEvidence, evidenceName, noteEvidence } from "./context.ts";
export { checkOption, checkWord } from "./method-entry.ts";
export { mixtureOfTokens, type TokenWeights } from "./similarity-mixtures.ts";
export { tokenStream } from "./token-stream.ts";
export { type WrittenTextsOptions, writtenTexts } from "./written-texts.ts";
