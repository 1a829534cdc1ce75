import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Options of `spawn` for a process that leads a group of its own, so that what it starts can be ended with it. */
export const OF_ITS_OWN = { detached: process.platform !== "win32" };

/**
 * What a process and all below it use: resident bytes, and seconds of processor time so far, of those that have ended as well.
 * Zeros where the system does not tell.
 */
export function usageOf(pid) {
  const sum = { memory: 0, seconds: 0 };
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before may hold spaces
    const [own, system, children, childrenSystem] = fields.slice(11, 15).map(Number);
    sum.seconds += (own + system + children + childrenSystem) / TICKS;
    sum.memory +=
      Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, "latin1")
        .split(" ")
        .filter(Boolean)) {
        const { memory, seconds } = usageOf(child);
        sum.memory += memory;
        sum.seconds += seconds;
      }
    }
  } catch {
    // it has ended, or this is no Linux
  }
  return sum;
}

/** A second of /proc, on every Linux there is. */
const TICKS = 100;

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
