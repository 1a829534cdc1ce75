// A swap of a 1.1 B-parameter model beside `cp -r` of the same folder, in one run.
// usage: node tools/bench/swap.mjs --source-tokenizer PATH --target-tokenizer PATH [--scratch DIR] [--runs 3]
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeSyntheticLlama } from "./synthetic-llama.mjs";

const { values } = parseArgs({
  options: {
    "source-tokenizer": { type: "string" },
    "target-tokenizer": { type: "string" },
    scratch: { type: "string", default: tmpdir() },
    runs: { type: "string", default: "3" },
  },
});
if (!values["source-tokenizer"] || !values["target-tokenizer"]) {
  console.error(
    "usage: node tools/bench/swap.mjs --source-tokenizer PATH --target-tokenizer PATH (32,000 and 50,257 pieces in the published figures)",
  );
  process.exit(2);
}
const revocab = fileURLToPath(new URL("../../apps/revocab/bin/revocab.js", import.meta.url));
const scratch = mkdtempSync(join(values.scratch, "revocab-bench-"));
try {
  const model = join(scratch, "model");
  const { parameters, bytes } = writeSyntheticLlama(model, values["source-tokenizer"]);
  console.log(`model: ${(parameters / 1e9).toFixed(2)} B parameters, ${(bytes / 1e9).toFixed(2)} GB in bf16`);
  const swap = [
    process.execPath,
    revocab,
    "swap",
    model,
    "--tokenizer",
    values["target-tokenizer"],
    "--method",
    "subtoken-mean",
    "--quiet",
    "--out",
  ];
  const jobs = { "cp -r": ["cp", "-r", model], "revocab swap": swap };
  const best = {};
  for (let run = 1; run <= Number(values.runs); run++) {
    for (const [name, command] of Object.entries(jobs)) {
      const out = join(scratch, "out");
      spawnSync("sync");
      const result = await timed([...command, out]);
      if (!existsSync(out)) throw new Error(`${name} wrote nothing`);
      const { seconds, onDisk, processor, peak } = result;
      console.log(
        `run ${run}  ${name.padEnd(14)} ${seconds.toFixed(2)} s, on disk after ${onDisk.toFixed(2)} s, processor ${processor}, ${peak}`,
      );
      rmSync(out, { recursive: true });
      for (const key of ["seconds", "onDisk"]) {
        best[key] ??= {};
        best[key][name] = Math.min(best[key][name] ?? Number.POSITIVE_INFINITY, result[key]);
      }
      best.peak = { ...best.peak, [name]: peak };
    }
  }
  const ratio = (key) => (best[key]["revocab swap"] / best[key]["cp -r"]).toFixed(2);
  console.log(
    `best of ${values.runs}: swap takes ${ratio("seconds")} × the time of cp -r, ${ratio("onDisk")} × until all is on disk; peak memory ${best.peak["revocab swap"]}`,
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/**
 * Wall time until the command ends and until the disk has all it wrote; processor time and peak resident memory as the kernel
 * counts them (Linux), as they were at most 20 ms before the end.
 */
function timed([command, ...args]) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
    let peak = "";
    let processor = "";
    const timer = setInterval(() => {
      try {
        const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
        // the fields behind the name in parentheses: user and system time are the 12th and 13th of them, in 1/100 s
        const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        const [user, system] = fields.slice(11, 13).map((ticks) => (Number(ticks) / 100).toFixed(1));
        if (system) processor = `${user} s user and ${system} s system`;
        if (kilobytes) peak = `${(Number(kilobytes) / 1024).toFixed(0)} MB`;
      } catch {
        // the process has ended, or this is not Linux
      }
    }, 20);
    child.on("error", reject).on("exit", (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - start) / 1000;
      spawnSync("sync");
      const onDisk = (performance.now() - start) / 1000;
      if (code === 0) resolve({ seconds, onDisk, processor, peak });
      else reject(new Error(`${command} ${args.join(" ")} exited with ${code}`));
    });
  });
}
