export { checkFit, countParameters, countTableBytes, sourceOf, tablePlan } from "./check-fit.ts";
export { makePlanOfSharedMethods } from "./make-plan.ts";
export { hashContents } from "./model/hash-files.ts";
export { nameOf, tokensWithoutRow } from "./model/open-model.ts";
export { layersOnDemand, sourceModel, textLimits } from "./model/source-model.ts";
export { planTables } from "./plan-tables.ts";
export { produceRows, requireRowSource, tablesInMemory } from "./produce-rows.ts";
export { chooseChatTemplate, templateFromFile } from "./target/chat-template.ts";
export { renderSample, tokensOfRoles } from "./target/render-sample.ts";
