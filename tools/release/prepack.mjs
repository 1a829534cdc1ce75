/**
 * Runs before npm packs a workspace: builds it, so that no package is ever packed empty or stale, and lays the license beside it. A
 * private workspace is refused.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
if (manifest.private) {
  console.error(
    `${manifest.name} is private and not published; pack the others with npm pack --workspace NAME`,
  );
  process.exit(1);
}
const { status } = spawnSync(
  "npx",
  ["turbo", "run", "build", `--filter=${manifest.name}`, "--output-logs=errors-only"],
  {
    cwd: root,
    // npm's JSON goes to stdout
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
  },
);
if (status !== 0) process.exit(1);
if (manifest.files.includes("dist")) removeStale();
copyFileSync(new URL("../../LICENSE", import.meta.url), "LICENSE");

/** Compilers leave what they made of a source that is gone. */
function removeStale() {
  for (const file of readdirSync("dist", { recursive: true })) {
    const [, module] = /^(.+)\.d\.ts$/.exec(file) ?? [];
    if (module === undefined || existsSync(join("src", `${module}.ts`))) continue;
    for (const end of [".d.ts", ".js"]) rmSync(join("dist", module + end), { force: true });
  }
}
