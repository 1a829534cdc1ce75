import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";

const program = fileURLToPath(new URL("../../../apps/revocab/bin/revocab.js", import.meta.url));

describe.skipIf(!hasBrowser)("the page of a command", () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "revocab-pages-"));
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["quality", [SAMPLE_MODEL, SAMPLE_TOKENIZER, "--text", `en=${SAMPLE_TEXT}`]],
    ["inspect", [SAMPLE_MODEL]],
    [
      "compare",
      [
        SAMPLE_MODEL,
        "--tokenizer",
        SAMPLE_TOKENIZER,
        "--text",
        SAMPLE_TEXT,
        "--methods",
        "mean,subtoken-mean",
      ],
    ],
    // it stands before `report`, which reads what it writes
    ["swap", [SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--out", join(folder, "out")]],
    ["report", [join(folder, "out"), "--text", SAMPLE_TEXT]],
  ])("revocab %s --html: no error, no request, WCAG AA in both themes", async (command, args) => {
    const page = join(folder, `${command}.html`);
    const run = spawnSync(process.execPath, [program, command, ...args, "--html", page, "--quiet"], {
      encoding: "utf8",
    });
    expect(run.status, run.stderr).toBe(0);
    const html = readFileSync(page, "utf8");
    for (const colorScheme of ["light", "dark"] as const) {
      const { faults, violations, close } = await openPage(browser, html, { colorScheme });
      expect(await violations()).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    }
  });
});
