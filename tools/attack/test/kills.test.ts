import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { beforeAll, describe, expect, it } from "vitest";
import { randomOf } from "../random.mjs";
import { runCommand } from "../run-command.mjs";
import { IS_POSIX, type Place, placeIn } from "./places.ts";

const scratch = scratchFolders();
const KILLS = 6;
const swap = ({ model, tokenizer, out }: Place, options = {}) =>
  runCommand(["swap", model, "--tokenizer", tokenizer, "--out", out, "--force", "--quiet"], options);

describe.skipIf(!IS_POSIX)("a swap that is killed at any time", () => {
  let whole: Record<string, string>;
  let milliseconds: number;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "revocab-kills-"));
    const place = placeIn(folder);
    const started = performance.now();
    expect(await swap(place)).toMatchObject({ code: 0 });
    milliseconds = performance.now() - started;
    whole = contentOf(place.out);
    rmSync(folder, { recursive: true });
  });

  it(`leaves the old output or the new one, whole, and the next run cleans up: ${KILLS} kills, then success`, async () => {
    const place = placeIn(scratch());
    const inputs = [contentOf(place.model), contentOf(place.tokenizer)];
    mkdirSync(place.out);
    writeFileSync(join(place.out, "config.json"), "{}"); // --force replaces model folders alone
    const old = contentOf(place.out);
    const random = randomOf("kills", 1);
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { signal } = await swap(place, { killAfter: random.next() * milliseconds });
      if (signal === "SIGKILL") killed++;
      if (existsSync(place.out)) expect([old, whole]).toContainEqual(contentOf(place.out));
      expect([contentOf(place.model), contentOf(place.tokenizer)]).toEqual(inputs);
    }
    expect(killed).toBeGreaterThan(0);
    expect(await swap(place)).toMatchObject({ code: 0 });
    expect(contentOf(place.out)).toEqual(whole);
    expect(readdirSync(join(place.out, ".."))).toEqual(["out"]);
  });
});
