import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

/*
 * What is published, at a place where nothing else is installed, beside the modules that it is made of, which `inProcess` runs.
 */
const app = fileURLToPath(new URL("..", import.meta.url));
const { files } = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as { files: readonly string[] };
const scratch = scratchFolders();
let place = "";

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "revocab-installed-"));
  for (const name of ["package.json", ...files])
    cpSync(join(app, name), join(place, name), { recursive: true });
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

function installed(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(place, "bin/revocab.js"), ...args, "--quiet"],
    { encoding: "utf8", env: { ...process.env, NODE_PATH: "" } },
  );
  return { code: status, signal: null, stdout, stderr };
}

describe("the published bundle, where nothing else is installed, gives what its modules give", () => {
  it.each([
    // a process of the tokenizers library, threads that copy and hash, the kernels
    [
      "swap",
      SAMPLE_MODEL,
      "--tokenizer",
      SAMPLE_TOKENIZER,
      "--method",
      "subtoken-mean",
      "--out",
      "OUT/swapped",
    ],
    // a process that renders chat templates, the script and the style of pages
    ["inspect", SAMPLE_MODEL, "--html", "OUT/page.html"],
    ["quality", SAMPLE_TOKENIZER, "--text", SAMPLE_TEXT, "--html", "OUT/page.html"],
    // threads that train, with kernels of their own
    [
      "vectors",
      "train",
      "--text",
      SAMPLE_TEXT,
      "--dim",
      "8",
      "--min-count",
      "1",
      "--threads",
      "1",
      "--out",
      "OUT/en.vec",
    ],
    ["methods", "--json"],
    ["swap", "--help"],
  ])("%s %s", async (...args) => {
    const [bundled, modules] = [scratch(), scratch()];
    const argsIn = (folder: string) => args.map((arg) => arg.replace("OUT", folder));
    const found = installed(argsIn(bundled));
    const expected = await inProcess([...argsIn(modules), "--quiet"]);
    const named = (text: string, folder: string) => text.replaceAll(folder, "OUT");
    expect(found.stderr).toBe("");
    expect(named(found.stdout, bundled)).toBe(named(expected.stdout, modules));
    expect(found.code).toBe(expected.code);
    expect(contentOf(bundled)).toEqual(contentOf(modules));
  });

  it("says what to install before it works, where a command needs the runtime", () => {
    const outcome = installed(["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT]);
    expect(outcome.code).toBe(1);
    expectOneFailure(outcome, /^revocab: running a model needs onnxruntime-node/);
  });
});

describe("what every command loads before it knows what it is to do", () => {
  it("is the command line alone: no methods, no schemas, no runtime", () => {
    const folder = join(app, "dist/bundle");
    const loaded = new Set<string>();
    const waiting = ["main.js"];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (loaded.has(name)) continue;
      loaded.add(name);
      const code = readFileSync(join(folder, name), "utf8");
      for (const [, next] of code.matchAll(/(?:^|[;\n])import(?:[^;"()`]*from)?\s*"\.\/([^"]+)"/g))
        waiting.push(next!);
    }
    const bytes = [...loaded].reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
    expect(loaded.size).toBeGreaterThan(3);
    expect(bytes).toBeLessThan(350_000);
  });
});
