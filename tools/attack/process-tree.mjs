import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Options of `spawn` for a process that leads a group of its own, so that what it starts can be ended with it. */
export const OF_ITS_OWN = { detached: process.platform !== "win32" };

/** Resident bytes of a process and of all below it; 0 where the system does not tell. */
export function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean),
    );
    return children.reduce((sum, child) => sum + memoryOf(child), own);
  } catch {
    return 0; // it has ended, or this is no Linux
  }
}

/** Ends a process and all that it started; it was made with {@link OF_ITS_OWN}. */
export function endTree(child) {
  if (process.platform === "win32") spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"]);
  else
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // it ended by itself
    }
}
