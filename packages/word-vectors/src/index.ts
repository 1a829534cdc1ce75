export type { FastTextArguments, FastTextDictionary, FastTextModel } from "./files/fasttext-model.ts";
export type { WordVectors } from "./word-vectors.ts";
