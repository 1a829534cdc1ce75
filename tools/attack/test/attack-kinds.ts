import { describe, expect, it } from "vitest";
import { campaign } from "../campaign.mjs";
import { isFailure } from "../verdict.mjs";

/** Enough for every way to damage a file to come up; `attack.mjs` goes on for as long as it is told. */
const MUTANTS = 200;

/** Each mutant is watched by the campaign; all together take as long as the machine needs. */
const TIMEOUT = 900_000;

/** What is promised of each kind of file: no error without words, no death, no hang, no memory without bound. */
export function attackKinds(kinds: readonly string[]): void {
  describe.each(kinds)("%s", (kind) => {
    it("are accepted as they are, but for those that are there to be refused", async () => {
      const verdicts = await campaign({ kind, from: -100, count: 100 });
      expect(verdicts.length).toBeGreaterThan(0);
      expect(verdicts.filter(({ verdict, expected }) => verdict !== expected)).toEqual([]);
    });

    it(
      `damaged in ${MUTANTS} ways are accepted or refused in plain words, within 5 s and 1 GB each`,
      async () => {
        const verdicts = await campaign({ kind, count: MUTANTS });
        expect(verdicts.filter(isFailure)).toEqual([]);
        expect(verdicts).toHaveLength(MUTANTS);
        // a campaign that only ever sees one verdict has looked at nothing
        expect(new Set(verdicts.map(({ verdict }) => verdict))).toEqual(new Set(["accepted", "refused"]));
      },
      TIMEOUT,
    );
  });
}
