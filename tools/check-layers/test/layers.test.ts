import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { checkLayers } from "../check-layers.ts";
import { LAYERS } from "../layers.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

describe("the layers of the repository", () => {
  it("hold: every package imports only what it declares, and only from lower layers", () => {
    expect(checkLayers(repository, LAYERS)).toEqual([]);
  });
});

describe("checkLayers", () => {
  let root = "";
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function repositoryWith(packages: Record<string, { dependencies: string[]; source: string }>): string {
    root = mkdtempSync(join(tmpdir(), "layers-"));
    for (const [name, { dependencies, source }] of Object.entries(packages)) {
      mkdirSync(join(root, "packages", name, "src"), { recursive: true });
      const manifest = { dependencies: Object.fromEntries(dependencies.map((d) => [d, "1.0.0"])) };
      writeFileSync(join(root, "packages", name, "package.json"), JSON.stringify(manifest));
      writeFileSync(join(root, "packages", name, "src", "index.ts"), source);
    }
    return root;
  }

  it("names an import that points up, or sideways", () => {
    const up = repositoryWith({
      low: { dependencies: ["@revocab/high"], source: 'import { x } from "@revocab/high";' },
      high: { dependencies: [], source: "export {};" },
    });
    expect(checkLayers(up, [["low"], ["high"]])).toEqual([
      "packages/low/src/index.ts imports @revocab/high: low may import only from lower layers",
    ]);
    expect(checkLayers(up, [["low", "high"]])).toHaveLength(1);
  });

  it("names an import that is not declared, also a dynamic one, and a declaration nothing uses", () => {
    const odd = repositoryWith({
      one: { dependencies: ["zod"], source: 'const { y } = await import("left-pad");' },
    });
    expect(checkLayers(odd, [["one"]])).toEqual([
      "packages/one/src/index.ts imports left-pad, which one/package.json does not declare",
      "one/package.json declares zod, which nothing in it imports",
    ]);
  });

  it("names files that import each other in a circle, by types alone too", () => {
    const circle = repositoryWith({
      one: { dependencies: [], source: 'export type { Two } from "./two.ts";' },
    });
    writeFileSync(
      join(circle, "packages/one/src/two.ts"),
      'import type { Three } from "./three.ts";\nexport interface Two { readonly three: Three }\n',
    );
    writeFileSync(join(circle, "packages/one/src/three.ts"), "export interface Three {}\n");
    expect(checkLayers(circle, [["one"]])).toEqual([]);
    writeFileSync(
      join(circle, "packages/one/src/three.ts"),
      'import type { Two } from "./two.ts";\nexport interface Three { readonly two: Two }\n',
    );
    expect(checkLayers(circle, [["one"]])).toEqual([
      expect.stringMatching(
        /two\.ts imports packages\/one\/src\/three\.ts imports packages\/one\/src\/two\.ts: files/,
      ),
    ]);
  });

  it("names flags and commands that a library speaks of", () => {
    const source =
      'const hint = "pass --untie, or make it with revocab plan"; // revocab align-text has none\nlet x = 3;\nx = 1 - --x; // --model_type=bpe';
    const one = { one: { dependencies: [], source } };
    expect(checkLayers(repositoryWith(one), [["one"]])).toEqual([
      expect.stringContaining('says "--untie"'),
      expect.stringContaining('says "revocab plan"'),
      expect.stringContaining('says "revocab align-text"'),
    ]);
  });

  it("names a package that stands in no layer", () => {
    expect(checkLayers(repositoryWith({ stray: { dependencies: [], source: "" } }), [])).toEqual([
      "stray stands in no layer: add it to tools/check-layers/layers.ts",
    ]);
  });
});
