// Writes the documentation as a static site, which opens from disk as well as from a server.
//   npm run site [FOLDER]                                            (default: out/site)
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { livePages } from "./live-pages.mjs";
import { siteFiles, writeFiles } from "./site-files.mjs";

const folder = resolve(process.argv[2] ?? "out/site");
const files = siteFiles(await livePages());
rmSync(folder, { recursive: true, force: true });
writeFiles(files, folder);
console.log(`${files.size} files in ${folder}: open ${join(folder, "index.html")}`);
