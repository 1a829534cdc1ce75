import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const folders = ["packages", "apps"].flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`));

const typedArrayEquality = fileURLToPath(
  new URL("tools/test-support/typed-array-equality.ts", import.meta.url),
);

/** Where CI wants the counts. */
const report = process.env.REVOCAB_TEST_REPORT;

/** One run over every package: the counts of the whole repository in one report. */
export default defineConfig({
  test: {
    projects: [
      ...folders,
      "tools/check-layers",
      "tools/attack",
      "tools/browser-test",
      "tools/consumer",
      "tools/documents",
      "tools/site",
      "tools/release",
      "examples",
    ].map((root) => ({
      test: {
        name: root,
        root,
        include: ["test/**/*.test.ts"],
        testTimeout: 120_000,
        hookTimeout: 120_000,
        setupFiles: [typedArrayEquality],
        // built packages are loaded as users load them, and once a worker: a third of the suite's time was spent on transforming them
        server: { deps: { external: [/\/(apps|packages)\/[^/]+\/dist\//] } },
        isolate: false,
      },
    })),
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    maxWorkers: 2,
    passWithNoTests: false,
  },
});
