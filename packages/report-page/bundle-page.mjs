/**
 * Bundles src/page into the one script and the one style sheet that a page holds: dist/page.js, dist/page.css.
 * The same sources give the same bytes; nothing is fetched.
 */
import { readFileSync } from "node:fs";
import { build } from "vite";

await build({
  configFile: false,
  logLevel: "error",
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: ["chrome123", "firefox120", "safari17.5"],
    lib: {
      entry: "src/page/page.ts",
      name: "page",
      formats: ["iife"],
      fileName: () => "page.js",
      cssFileName: "page",
    },
  },
});

// modules of Node that are left out since nothing in the bundle uses them
if (readFileSync("dist/page.js", "utf8").includes("__vite-browser-external")) {
  throw new Error("dist/page.js needs a module of Node: src/page imports something that a browser has not");
}
