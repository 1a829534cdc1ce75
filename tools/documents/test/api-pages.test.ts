import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { apiPages } from "../api-pages.mjs";

const folder = fileURLToPath(new URL("../../../docs/api", import.meta.url));

it("docs/api is what the doc comments of the packages say; where it is not, run npm run api", () => {
  const pages: ReadonlyMap<string, string> = apiPages();
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
  const stale = [...pages].filter(([name, text]) => readFileSync(join(folder, name), "utf8") !== text);
  expect(stale.map(([name]) => name)).toEqual([]);
});
