// Writes docs/api anew from the doc comments of the built packages. A test says when it is stale.
//   npm run api
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiPages } from "./api-pages.mjs";

const folder = fileURLToPath(new URL("../../docs/api", import.meta.url));
const pages = apiPages();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
console.log(`${pages.size} pages in docs/api`);
