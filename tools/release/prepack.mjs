/**
 * Runs before npm packs a workspace: builds it, so that no package is ever packed empty or stale, and lays the license beside it. A
 * private workspace is refused.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
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
copyFileSync(new URL("../../LICENSE", import.meta.url), "LICENSE");
