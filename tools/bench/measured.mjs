import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a command printed, its wall time, its processor time, and its peak resident memory as the kernel counts it (Linux). */
export function measured([command, ...args]) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    let peak = Number.NaN;
    let processorSeconds = Number.NaN;
    child.stdout.setEncoding("utf8").on("data", (part) => {
      output += part;
    });
    const timer = setInterval(() => {
      try {
        const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
        if (kilobytes) peak = (Number(kilobytes) * 1024) / 1e6;
        const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
          .replace(/^.*\) /, "")
          .split(" ");
        // user and system time, in hundredths of a second
        processorSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
      } catch {
        // the process has ended, or this is not Linux
      }
    }, 20);
    child.on("error", reject).on("close", (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - start) / 1000;
      if (code === 0) resolve({ output, seconds, processorSeconds, peak });
      else reject(new Error(`${command} ${args.join(" ")} exited with ${code}`));
    });
  });
}
