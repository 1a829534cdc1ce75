import { RevocabError } from "@revocab/core";
import { METHODS, methodCandidates, methodEntry, subtokenMean, WEIGHTINGS } from "@revocab/embedding-init";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const labels = ({ candidates }: ReturnType<typeof methodCandidates>) =>
  candidates.map(({ name, options }) => [name, options]);

describe("methodCandidates of all that the evidence allows", () => {
  it("takes every method of the catalog but copying alone and zeros, and every weighting", () => {
    expect(labels(methodCandidates("auto"))).toEqual([
      ["mean", {}],
      ["random", {}],
      ["univariate-normal", {}],
      ["multivariate-normal", {}],
      ...WEIGHTINGS.filter((weighting) => weighting !== "head-byte-length").map((weighting) => [
        "subtoken-mean",
        { weighting },
      ]),
      ["subtoken-mean", { weighting: "head-byte-length", norms: "calibrated" }],
    ]);
    expect(methodCandidates("auto").leftOut.map(({ name }) => name)).toEqual([
      "focus",
      "wechsel",
      "ofa",
      "trans-tokenization",
      "domain-types",
    ]);
  });

  it("makes each with the options it is listed under", () => {
    for (const { name, options, method } of methodCandidates("auto").candidates) {
      if (method.kind === "chain") throw new Error(`${name} is one method`);
      expect(method.name).toBe(name);
      expect(method.options).toMatchObject(options);
    }
  });

  it("does not vary an option that was given, and gives it only to methods that know it", () => {
    expect(labels(methodCandidates("auto", { weighting: "byte-length", epsilon: "1e-5" }))).toEqual([
      ["mean", {}],
      ["random", {}],
      ["univariate-normal", {}],
      ["multivariate-normal", { epsilon: 1e-5 }],
      ["subtoken-mean", { weighting: "byte-length" }],
    ]);
  });

  it("varies the rest when the option given is another one, and leaves out what it does not fit", () => {
    const { candidates, leftOut } = methodCandidates("auto", { decay: "0.25" });
    const own = candidates.filter(({ name }) => name === "subtoken-mean");
    expect(own.map(({ options }) => options)).toEqual([{ weighting: "front-loaded", decay: 0.25 }]);
    const unfit = leftOut.filter(({ name }) => name === "subtoken-mean");
    expect(unfit.length).toBe(WEIGHTINGS.length - 1);
    for (const { reason } of unfit)
      expect(reason).toMatch(/decay was given, which the weighting ".+" does not/);
  });

  const needsVectors = methodEntry("needs-vectors", {
    summary: "Each new token becomes what its word vector says.",
    evidence: "word vectors",
    options: z.object({ vectors: z.string().optional() }),
    create: ({ vectors }) => {
      if (vectors === undefined) throw new RevocabError("bad_options", "needs-vectors needs `vectors`");
      return subtokenMean();
    },
  });

  it("leaves out a method whose evidence is missing, with the reason, and takes it where it is given", () => {
    const catalog = { mean: METHODS.mean!, "needs-vectors": needsVectors };
    const without = methodCandidates("auto", {}, catalog);
    expect(labels(without)).toEqual([["mean", {}]]);
    expect(without.leftOut).toEqual([{ name: "needs-vectors", reason: "needs-vectors needs `vectors`" }]);
    const given = methodCandidates("auto", { vectors: "de.vec" }, catalog);
    expect(labels(given)).toEqual([
      ["mean", {}],
      ["needs-vectors", { vectors: "de.vec" }],
    ]);
    expect(given.leftOut).toEqual([]);
  });

  it("does not take a fault of a method for missing evidence", () => {
    const broken = { ...needsVectors, create: () => JSON.parse("{") as never };
    expect(() => methodCandidates("auto", {}, { broken })).toThrow(SyntaxError);
  });
});

describe("methodCandidates by name", () => {
  it("shows files by their names, for a report tells no paths", () => {
    const { candidates } = methodCandidates(["focus:text=/home/someone/de.txt"]);
    expect(candidates[0].options).toEqual({ text: "de.txt" });
  });

  it("keeps the order and reads the options behind each name", () => {
    const names = ["zero", "subtoken-mean:weighting=front-loaded:decay=0.25", "mean", "copy-overlap"];
    const choice = methodCandidates(names);
    expect(labels(choice)).toEqual([
      ["zero", {}],
      ["subtoken-mean", { weighting: "front-loaded", decay: 0.25 }],
      ["mean", {}],
      ["copy-overlap", {}],
    ]);
    expect(choice.leftOut).toEqual([]);
    expect(choice.candidates[1]?.method).toMatchObject({
      options: { weighting: "front-loaded", decay: 0.25 },
    });
  });

  it("lets a name's own option win over one that was given for all", () => {
    const names = ["subtoken-mean", "subtoken-mean:weighting=uniform", "mean"];
    expect(labels(methodCandidates(names, { weighting: "byte-length" }))).toEqual([
      ["subtoken-mean", { weighting: "byte-length" }],
      ["subtoken-mean", { weighting: "uniform" }],
      ["mean", {}],
    ]);
  });

  it("keeps what an option's value has of =, and cuts only at :", () => {
    const entry = methodEntry("any", {
      summary: "",
      evidence: "none",
      options: z.object({ file: z.string() }),
      create: () => subtokenMean(),
    });
    expect(labels(methodCandidates(["any:file=a=b"], {}, { any: entry }))).toEqual([
      ["any", { file: "a=b" }],
    ]);
  });

  it.each([
    [
      "an unknown name, with the nearest",
      "subtoken-men",
      "unknown_method",
      /there is no method "subtoken-men"/,
    ],
    ["no name", "", "unknown_method", /there is no method ""/],
    ["a name every object has", "toString", "unknown_method", /there is no method "toString"/],
    ["an unknown option", "mean:x=1", "bad_options", /mean has no option "x"; it has none/],
    ["a bad value", "subtoken-mean:weighting=heavy", "bad_options", /weighting of subtoken-mean is "heavy"/],
    ["an option without a value", "random:standardDeviation", "bad_options", /key=value was expected/],
    ["a value without an option", "random:=1", "bad_options", /"=1"; key=value was expected/],
  ])("refuses %s", (_, name, code, message) => {
    const act = () => methodCandidates(["mean", name]);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ name: "RevocabError", code }));
  });
});
