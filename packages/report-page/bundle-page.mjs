/**
 * Bundles src/page into the one script and the one style sheet that a page holds: dist/page.js, dist/page.css.
 * The same sources give the same bytes; nothing is fetched.
 */
import { build } from "vite";

await build({
  configFile: false,
  logLevel: "warn",
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: ["chrome123", "firefox120", "safari17.5"],
    lib: { entry: "src/page/page.ts", name: "page", formats: ["iife"], fileName: () => "page.js", cssFileName: "page" },
  },
});
