import { describeOptions, type MethodEntry, methodsOf } from "@revocab/embedding-init";
import { describe, expect, it } from "vitest";

/**
 * What every entry of the catalog promises; each method of each package runs it.
 * @param required the options that the method cannot do without
 */
export function describeEntryContract(
  entry: MethodEntry,
  required: Readonly<Record<string, unknown>> = {},
): void {
  // a method that brings a fallback along is a chain that it begins
  const create = (options: Readonly<Record<string, unknown>>) => methodsOf(entry.create(options))[0];

  describe(`the entry of ${entry.name}`, () => {
    it("gives the method under its own name, with its paper and its traits, by no more than the required options", () => {
      const { name, paper, coversAll, isStandIn } = create(required);
      expect(name).toBe(entry.name);
      expect({ coversAll, isStandIn }).toEqual({ coversAll: entry.coversAll, isStandIn: entry.isStandIn });
      if (entry.paper !== undefined) expect(paper).toBe(entry.paper);
    });

    it("gives the same method again by the options in force", () => {
      const { options } = create(required);
      expect(create(options).options).toEqual(options);
    });

    it("describes each of its options", () => {
      for (const { description } of describeOptions(entry)) expect(description).not.toBe("");
    });
  });
}
