import { spawnSync } from "node:child_process";
import { utimesSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAM = `
  import { writeSync } from "node:fs";
  import { reservePath } from "@revocab/files/internal";
  const { path } = await reservePath(JSON.parse(process.argv[1]));
  writeSync(1, path);
  process.kill(process.pid, "SIGKILL");
`;

/** A path that a run reserved at a place before it was killed; nothing lies there yet. */
export function leftByKilledRun(place: { folder: string; before: string; after?: string }): string {
  const { stdout: path } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", PROGRAM, JSON.stringify(place)],
    { cwd: fileURLToPath(new URL(".", import.meta.url)), encoding: "utf8" },
  );
  // elsewhere a run counts as ended after a long silence only
  if (process.platform !== "linux") utimesSync(`${path}.owner`, 0, 0);
  return path;
}
