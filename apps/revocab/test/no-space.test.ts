import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_TEXT } from "@revocab/test-support/sample";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectOneFailure, revocab } from "./revocab.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();

function mount(folder: string, size: string): boolean {
  mkdirSync(folder, { recursive: true });
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]).status === 0;
}

function unmount(folder: string): void {
  spawnSync("umount", [folder]);
}

/** Only Linux lets root make a disk of a chosen size out of nothing. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "revocab-disk-"));
  const mounted = process.platform === "linux" && mount(folder, "64k");
  if (mounted) unmount(folder);
  rmdirSync(folder);
  return mounted;
}

const possible = canMount();
if (!possible) console.warn("no space left: skipped, since this user cannot mount a tmpfs");

describe.skipIf(!possible)("a disk without space", () => {
  let at: Workplace;
  let disk: string;
  beforeEach(() => {
    at = workplace(scratch());
    disk = join(at.place, "disk");
  });
  // registered after scratchFolders' own, so that it runs before the folder is removed
  afterEach(() => unmount(disk));

  it.each([
    [
      "for the weights is found before they are written",
      "1m",
      /place\/disk\/out is on a disk with 10\d{5} bytes free; \d+ bytes are needed\n/,
    ],
    [
      "for the files after the weights",
      "2400k",
      /no space left while writing .*place\/disk\/out\/\S+\n {2}→ free space/,
    ],
  ])("%s", async (_, size, message) => {
    expect(mount(disk, size)).toBe(true);
    const before = contentOf(at.inputs);
    const finished = await revocab([
      ...["swap", at.model, "--tokenizer", at.tokenizer, "--out", join(disk, "out"), "--quiet"],
    ]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(finished, message);
    expect(readdirSync(disk)).toEqual([]);
    expect(contentOf(at.inputs)).toEqual(before);
  });

  it("for a healed model is found before anything is trained", async () => {
    expect(mount(disk, "1m")).toBe(true);
    const out = join(disk, "out");
    const finished = await revocab(["heal", at.model, "--text", SAMPLE_TEXT, "--out", out]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expect(finished.stderr).toMatch(
      /place\/disk\/out is on a disk with 10\d{5} bytes free; \d+ bytes are needed\n/,
    );
    expect(finished.stderr).not.toContain("train rows");
    expect(readdirSync(disk)).toEqual([]);
  });

  it("for a plan, an old one stays", async () => {
    expect(mount(disk, "400k")).toBe(true);
    const out = join(disk, "swap.plan");
    const plan = ["plan", at.model, "--tokenizer", at.tokenizer, "--out", out, "--quiet", "--force"];
    expect((await revocab(plan)).code).toBe(0);
    const old = contentOf(disk);
    const finished = await revocab([...plan, "--method", "univariate-normal"]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(finished, /no space left while writing .*swap\.plan\n {2}→ free space/);
    expect(contentOf(disk)).toEqual(old);
  });
});
