export type { WordVectors } from "./word-vectors.ts";
