/**
 * Bundles src/page into the one script and the one style sheet that a page holds: dist/page.js, dist/page.css.
 * The same sources give the same bytes; nothing is fetched.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "vite";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const library = "@huggingface/tokenizers";

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
const script = readFileSync("dist/page.js", "utf8");
if (script.includes("__vite-browser-external")) {
  throw new Error("dist/page.js needs a module of Node: src/page imports something that a browser has not");
}
writeFileSync(
  "dist/page.js",
  `/*! With ${library} ${dependencies[library]} of Hugging Face, Apache-2.0 */\n${script}`,
);
