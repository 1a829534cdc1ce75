import {
  copyOverlap,
  mean,
  multivariateNormal,
  random,
  spelledDigits,
  subtokenMean,
  univariateNormal,
  WEIGHTINGS,
  withFallback,
  zero,
} from "@revocab/embedding-init";
import { describeMethodContract } from "@revocab/test-support/contract";

describeMethodContract("copy-overlap", copyOverlap);
describeMethodContract("mean", mean);
describeMethodContract("zero", zero);
describeMethodContract("spelled-digits", spelledDigits);
describeMethodContract("random", () => random({ standardDeviation: 0.5 }));
describeMethodContract("univariate-normal", univariateNormal);
describeMethodContract("multivariate-normal", () => multivariateNormal({ epsilon: 1e-2 }));
for (const weighting of WEIGHTINGS) {
  describeMethodContract(`subtoken-mean, ${weighting}`, () => subtokenMean({ weighting }));
}
describeMethodContract("copy-overlap, else subtoken-mean, else mean", () =>
  withFallback(copyOverlap(), subtokenMean(), mean()),
);
describeMethodContract("a chain within a chain, ending in rows", () =>
  withFallback(copyOverlap(), withFallback(subtokenMean({ weighting: "exponential" }), univariateNormal())),
);
