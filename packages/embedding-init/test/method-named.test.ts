import { RevocabError } from "@revocab/core";
import {
  defaultMethod,
  describeOptions,
  METHODS,
  methodEntry,
  methodNamed,
  methodText,
  nearestName,
  parseMethodText,
  zero,
} from "@revocab/embedding-init";
import { describeEntryContract } from "@revocab/test-support/entry-contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** The options that a method cannot do without. */
const vectors = { "source-vectors": "en.bin", "target-vectors": "de.bin" };
const EVIDENCE: Readonly<Record<string, Record<string, unknown>>> = {
  "domain-types": { types: "terms.tsv" },
  "trans-tokenization": { parallel: "en.txt:de.txt" },
  focus: { text: "de.txt" },
  wechsel: vectors,
  ofa: vectors,
};

for (const entry of Object.values(METHODS)) describeEntryContract(entry, EVIDENCE[entry.name]);

describe("methodNamed", () => {
  it("reads numbers that come as strings from a command line", () => {
    expect(methodNamed("multivariate-normal", { epsilon: "1e-5" })).toMatchObject({
      options: { epsilon: 1e-5 },
    });
    expect(methodNamed("random", { standardDeviation: "0.5" })).toMatchObject({
      options: { standardDeviation: 0.5 },
    });
    expect(methodNamed("subtoken-mean", { weighting: "front-loaded", decay: "0.25" })).toMatchObject({
      options: { weighting: "front-loaded", decay: 0.25 },
    });
    expect(methodNamed("ofa", { ...vectors, rank: "100" })).toMatchObject({ options: { rank: 100 } });
  });

  it("an unknown name lists what exists and suggests the nearest", () => {
    const failure = failureOf(() => methodNamed("subtoken-maen"));
    expect(failure).toMatchObject({ code: "unknown_method", hint: "did you mean subtoken-mean?" });
    for (const name of Object.keys(METHODS)) expect(failure.message).toContain(name);
    expect(failureOf(() => methodNamed("constructor")).code).toBe("unknown_method");
    expect(failureOf(() => methodNamed("xyzzy")).hint).toBeUndefined();
  });

  it("an unknown option names the options there are and suggests the nearest", () => {
    expect(failureOf(() => methodNamed("multivariate-normal", { epsilom: 1 }))).toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("it has epsilon"),
      hint: "did you mean epsilon?",
    });
    expect(failureOf(() => methodNamed("mean", { decay: 1 })).message).toContain("it has none");
  });

  it("a value an option does not take is an error that names the option and the value", () => {
    const cases: [string, Record<string, unknown>, RegExp][] = [
      ["multivariate-normal", { epsilon: "" }, /option epsilon .* is ""/],
      ["multivariate-normal", { epsilon: "tiny" }, /option epsilon .* is "tiny"/],
      ["multivariate-normal", { epsilon: -1 }, /option epsilon .* is -1/],
      ["random", { standardDeviation: "0" }, /option standard-deviation .* is "0"/],
      ["random", { standardDeviation: true }, /option standard-deviation .* is true/],
      ["subtoken-mean", { weighting: "last" }, /option weighting .* is "last".*uniform/],
      ["subtoken-mean", { weighting: "front-loaded", decay: 2 }, /option decay .* is 2/],
    ];
    for (const [name, options, message] of cases) {
      expect(failureOf(() => methodNamed(name, options))).toMatchObject({
        code: "bad_options",
        message: expect.stringMatching(message),
      });
    }
  });

  it("an option that a method cannot do without is asked for by name, with what it is", () => {
    expect(failureOf(() => methodNamed("wechsel", { "target-vectors": "de.bin" }))).toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/needs the option source-vectors: word vectors of the source/),
      hint: "pass `with: source-vectors=…`",
    });
  });

  it("chooses from another catalog when given one", () => {
    expect(failureOf(() => methodNamed("mean", {}, { zero: METHODS.zero })).message).toContain(
      "there are zero",
    );
  });
});

describe("a method in one word", () => {
  it("comes back as it was, with a colon within a value, and with options in kebab-case", () => {
    const text = "trans-tokenization:parallel=en.txt:de.txt:min-count=1";
    const written = parseMethodText(text);
    expect(written).toEqual({
      name: "trans-tokenization",
      options: { parallel: "en.txt:de.txt", "min-count": "1" },
    });
    expect(methodText(written)).toBe(text);
    expect(methodText({ name: "random", options: { standardDeviation: 0.5 } })).toBe(
      "random:standard-deviation=0.5",
    );
  });

  it("is read in both spellings, and recorded in one", () => {
    for (const key of ["standardDeviation", "standard-deviation"]) {
      const method = methodNamed("random", { [key]: "0.5" });
      expect(method).toHaveProperty("options", { standardDeviation: 0.5 });
    }
  });
});

describe("describeOptions", () => {
  it("reads names, defaults, choices and descriptions off the schema", () => {
    expect(describeOptions(METHODS["multivariate-normal"])).toMatchObject([
      { name: "epsilon", default: 1e-9 },
    ]);
    expect(describeOptions(METHODS["subtoken-mean"])).toMatchObject([
      { name: "weighting", default: "uniform", values: expect.arrayContaining(["first-last"]) },
      { name: "decay", default: undefined },
      { name: "norms", default: "kept", values: ["kept", "calibrated"] },
    ]);
  });
});

describe("defaultMethod", () => {
  const byText = methodEntry("by-text", {
    summary: "",
    evidence: "a text",
    options: z.object({ text: z.string() }),
    preference: { rank: 2, given: ["text"] },
    create: zero,
  });

  it("is the highest in rank of those whose preferred options are given", () => {
    const catalog = { "by-text": byText, ...METHODS };
    expect(defaultMethod(catalog)).toBe("subtoken-mean");
    expect(defaultMethod(catalog, { text: undefined })).toBe("subtoken-mean");
    expect(defaultMethod(catalog, { text: "sample.txt" })).toBe("by-text");
    expect(defaultMethod(METHODS, { text: "sample.txt" })).toBe("subtoken-mean");
  });

  it("is an error where no method of the catalog is one", () => {
    expect(failureOf(() => defaultMethod({ zero: METHODS.zero }))).toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("zero"),
    });
  });
});

describe("nearestName", () => {
  it("takes the fewest edits, and none when most of the name would change", () => {
    expect(nearestName("Means", ["mean", "zero"])).toBe("mean");
    expect(nearestName("univariate", ["univariate-normal", "multivariate-normal"])).toBe("univariate-normal");
    expect(nearestName("wechsel", ["mean", "zero"])).toBeUndefined();
    expect(nearestName("mean", [])).toBeUndefined();
  });
});

function failureOf(run: () => unknown): RevocabError {
  try {
    run();
  } catch (error) {
    if (error instanceof RevocabError) return error;
    throw error;
  }
  throw new Error("expected a RevocabError");
}
