import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = new URL("../../../", import.meta.url);

it("docs/security.md names for every promise tests that are there", () => {
  const page = readFileSync(new URL("docs/security.md", root), "utf8");
  const promises = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| promise "));
  expect(promises.length).toBeGreaterThan(15);
  for (const promise of promises) {
    const cited = [...promise.matchAll(/`((?:packages|apps|tools)\/[^`]+\.ts)`(?: "([^"]+)")?/g)];
    expect(cited.length, promise).toBeGreaterThan(0);
    for (const [, path, title] of cited) {
      const file = new URL(path, root);
      expect(existsSync(file), fileURLToPath(file)).toBe(true);
      if (title !== undefined) expect(readFileSync(file, "utf8"), path).toContain(title);
    }
  }
});
