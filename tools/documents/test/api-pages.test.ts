import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { apiPages } from "../api-pages.mjs";

const folder = fileURLToPath(new URL("../../../docs/api", import.meta.url));
const pages: ReadonlyMap<string, string> = apiPages();

it("docs/api is what the doc comments of the packages say; where it is not, run npm run api", () => {
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
  const stale = [...pages].filter(([name, text]) => readFileSync(join(folder, name), "utf8") !== text);
  expect(stale.map(([name]) => name)).toEqual([]);
});

it("every exported function, value and class has a sentence that says what it is for", () => {
  const silent = [...pages].flatMap(([name, text]) =>
    Array.from(
      text.matchAll(/^\| \[`(\w+)`\]\(#\S+\) \| {2}\|$/gm),
      ([, exported]) => `${name}: ${exported}`,
    ),
  );
  expect(silent).toEqual([]);
});
