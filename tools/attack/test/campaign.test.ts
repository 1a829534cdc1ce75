import { readdirSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { campaign } from "../campaign.mjs";

describe("a campaign", () => {
  const scratch = scratchFolders();
  const troubles = new URL("troubles.mjs", import.meta.url).href;

  it("makes the same mutants and verdicts of the same seed, and others of another", async () => {
    const told = async (seed: number) =>
      (await campaign({ kind: "plans", seed, count: 60 })).map(({ verdict, what, code }) => [
        verdict,
        what,
        code,
      ]);
    const first = await told(1);
    expect(await told(1)).toEqual(first);
    expect(await told(2)).not.toEqual(first);
  });

  it("puts every end of the child down to the mutant at hand, and goes on behind it", async () => {
    const verdicts = await campaign({ kind: troubles, count: TROUBLES.length });
    expect(verdicts.map(({ what, verdict }) => [what, verdict])).toEqual(TROUBLES);
    expect(verdicts.map(({ index }) => index)).toEqual(TROUBLES.map((_, index) => index));
  });

  it("keeps the files of what went wrong", async () => {
    const keep = scratch();
    await campaign({ kind: troubles, count: 3, keep });
    const [kept, ...others] = readdirSync(keep);
    expect(others).toEqual([]);
    expect(readdirSync(join(keep, kept))).toEqual(["trouble.txt"]);
  });

  it("tells its own fault from a reader's", async () => {
    await expect(campaign({ kind: troubles, from: 100, count: 1 })).rejects.toThrow("cannot be made");
  });
});

/** What the mutants of troubles.mjs do, in their order, and the verdicts that are due. */
const TROUBLES = [
  ["nothing", "accepted"],
  ["a refusal", "refused"],
  ["an abort", "died"],
  ["nothing", "accepted"],
  ["an error without a code", "untyped"],
  ["an escaped rejection", "untyped"],
  ["a message without a hint", "badly said"],
  ["a message without end", "badly said"],
  ["a message with an escape", "badly said"],
  ["a note that turns text around", "badly said"],
  ["a loop without end", "hang"],
  ["memory without end", "memory"],
  ["nothing", "accepted"],
];
