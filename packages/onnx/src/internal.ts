/** What other packages of revocab share; it may change at any time. */
export { ELEMENT_OF_COMPUTE, productSpeed, requireDevice } from "./devices.ts";
export { inferShapes, inferTypes } from "./infer-shapes.ts";
export { type PolarFactor, polarFactor } from "./polar-factor.ts";
