/** What other packages of revocab share with this one: nothing here is kept stable for users. */
export { type AuxiliaryOptions, copyAuxiliaryFiles, listAuxiliaryFiles } from "./auxiliary-files.ts";
export { readExactly } from "./file-source.ts";
export { hashFile } from "./hash-file.ts";
export { isJsonObject, MAX_JSON_BYTES, readJsonObject } from "./json.ts";
export { areHashedWhole, hashLayer, type Layer, layersOf } from "./layers.ts";
export { type ListedTokenIds, listTokenIds, namedTokenIds } from "./named-token-ids.ts";
export { writeAt } from "./output-file.ts";
export { placeUnchanged } from "./place-unchanged.ts";
export { type StartedRewrite, startRewrite } from "./rewrite-checkpoint.ts";
export { buildHeader, type HeaderTensor, readRawHeader } from "./safetensors-header.ts";
export { type SentenceModule, sentenceModules } from "./sentence-modules.ts";
export { type Copying, startCopying } from "./start-copying.ts";
export { type StreamedRewrite, type StreamRewriteOptions, streamRewrite } from "./stream-rewrite.ts";
export {
  type KeptTraining,
  loadTraining,
  loadTrainingText,
  type NamedMatrix,
  notThisTraining,
  saveTraining,
  type TrainingRecipe,
} from "./training-file.ts";
