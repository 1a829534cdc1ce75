// Makes a clone ready to run: installs what the lock file names when that is not done yet, then builds.
// Plain JavaScript without imports from node_modules: it runs before there is any.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24;
if (!fits) {
  console.error(`revocab needs Node 20.19, 22.13 or 24 and later; this is ${process.version}.`);
  process.exit(1);
}
if (!isInstalled()) run("npm", ["ci", "--no-audit", "--no-fund"]);
run("npx", ["turbo", "run", "build", "--output-logs=errors-only"]);

/** npm writes its own copy of the lock file last, so one older than ours means an unfinished or stale install. */
function isInstalled() {
  const done = join(root, "node_modules", ".package-lock.json");
  return existsSync(done) && statSync(done).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

function run(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ["inherit", 2, 2],
    shell: process.platform === "win32",
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: "1",
      TURBO_NO_UPDATE_NOTIFIER: "1",
      ONNXRUNTIME_NODE_INSTALL: "skip", // its script would download CUDA libraries, which nothing here uses
    },
  });
  if (status !== 0) {
    console.error(`\n${command} ${args.join(" ")} failed (exit code ${status}).`);
    process.exit(status ?? 1);
  }
}
