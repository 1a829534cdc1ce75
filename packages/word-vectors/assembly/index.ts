export * from "./settings";
export { fillUniform } from "./fill-uniform";
export { seedRandom } from "./random";
export { trainLines } from "./train-lines";
