// Publishes every package, each behind what it depends on. What the registry has already is left out: a release that broke off goes on.
// usage: node tools/release/publish.mjs [--dry-run]
import { spawnSync } from "node:child_process";
import { publicWorkspaces } from "./workspaces.mjs";

const isDryRun = process.argv.includes("--dry-run");
for (const { path, manifest } of publicWorkspaces()) {
  const name = `${manifest.name}@${manifest.version}`;
  if (!isDryRun && npm(path, ["view", name, "version"], "pipe").stdout?.trim() === manifest.version) {
    console.log(`${name} is there`);
    continue;
  }
  // a version such as 1.0.0-beta.1 does not become what people get who name none
  const tag = manifest.version.includes("-") ? ["--tag", "next"] : [];
  const { status } = npm(
    path,
    ["publish", ...(isDryRun ? ["--dry-run"] : ["--provenance"]), ...tag],
    "inherit",
  );
  if (status !== 0) throw new Error(`${name} could not be published; run this again when that is mended`);
}

function npm(cwd, args, stdio) {
  return spawnSync("npm", args, { cwd, stdio, encoding: "utf8", shell: process.platform === "win32" });
}
