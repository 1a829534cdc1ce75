// Gives every package a version and the unreleased changes its heading, to be looked at, committed and tagged.
// usage: node tools/release/prepare-release.mjs VERSION
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setVersion } from "./versions.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [version] = process.argv.slice(2);
if (version === undefined) throw new Error("usage: node tools/release/prepare-release.mjs VERSION");
setVersion(root, version, new Date().toISOString().slice(0, 10));
const { status } = spawnSync("npm", ["install", "--package-lock-only", "--ignore-scripts"], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (status !== 0) process.exit(1);
console.log(`now: git commit --all --message "Release ${version}" && git tag v${version}, and push both`);
