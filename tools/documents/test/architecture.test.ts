import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { LAYERS } from "../../check-layers/layers.ts";
import { blocksOf } from "../blocks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (name: string) => readFileSync(join(root, name), "utf8");

/** What stands in backticks and is a path from the root of the repository: names of packages and other files' names are not. */
const PATH = /^[\w.][\w.-]*(?:\/[\w.-]+)+\/?$|^[\w-]+\.(?:ts|mjs|py)$/;

it.each(["ARCHITECTURE.md", "CONTRIBUTING.md"])("every path in backticks of %s exists", (name) => {
  const prose = read(name).replace(/^```[\s\S]*?^```/gm, "");
  const paths = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, text]) => text!).filter((text) =>
    PATH.test(text),
  );
  expect(paths.length).toBeGreaterThan(2);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it("the picture and the table of ARCHITECTURE.md have the packages of tools/check-layers, layer by layer", () => {
  const text = read("ARCHITECTURE.md");
  const picture = blocksOf(text)[0]!
    .text.split("\n")
    .map((line) => line.split(/ {3,}/)[0]!.split(" · "));
  expect(picture.reverse().map((names) => names.toSorted())).toEqual(LAYERS.map((names) => names.toSorted()));
  const named = Array.from(text.matchAll(/^\| `([\w/-]+)` \|/gm), ([, name]) => name).sort();
  expect(named).toEqual(LAYERS.flat().sort());
});
