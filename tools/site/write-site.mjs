// Writes the documentation as a static site, which opens from disk as well as from a server.
//   npm run site [FOLDER]                                            (default: out/site)
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { livePages } from "./live-pages.mjs";
import { siteFiles, writeFiles } from "./site-files.mjs";

const folder = resolve(process.argv[2] ?? "out/site");
const isOurs = existsSync(join(folder, "assets/search-data.js"));
if (!isOurs && existsSync(folder) && readdirSync(folder).length > 0)
  throw new Error(`${folder} is no site, and is not replaced: give a new folder`);
const files = siteFiles(await livePages());
rmSync(folder, { recursive: true, force: true });
writeFiles(files, folder);
console.log(`${files.size} files in ${folder}: open ${join(folder, "index.html")}`);
