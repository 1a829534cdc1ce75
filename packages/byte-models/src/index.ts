export {
  type ByteReader,
  type ByteReaderOptions,
  byteReader,
  type NextByte,
  type ReadingOptions,
} from "./byte-reader.ts";
export { type FittedWeights, type FitWeightsOptions, fitWeights } from "./fit-weights.ts";
export type { GapOptions, GapOrder } from "./gap.ts";
export type { ContinuingModel, ReadingCost } from "./kept-passes.ts";
export { type MixtureMean, mixtureReader, mixtureWeights } from "./mixture.ts";
export {
  type MemberScore,
  type MixtureScore,
  type MixtureScoreOptions,
  mixtureScore,
} from "./mixture-score.ts";
export type { ReadTogetherOptions, Voter } from "./read-together.ts";
export type { ByteSamplingOptions } from "./sample-byte.ts";
export { type WriteBytesOptions, type WrittenBytes, writeBytes } from "./write-bytes.ts";
