import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endTree, OF_ITS_OWN, usageOf } from "./process-tree.mjs";

const COMMAND = fileURLToPath(new URL("../../apps/revocab/bin/revocab.js", import.meta.url));

/**
 * Runs the built command line, and kills it with all it started after `deadline` milliseconds.
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {readonly string[]} [options.before] arguments of node
 * @param {string} [options.shell] a command of the shell that comes first, such as `ulimit`
 * @param {Record<string, string>} [options.env]
 * @param {number | undefined} [options.uid] the user and group that runs it
 * @param {number} [options.deadline] in milliseconds
 * @param {number} [options.killAfter] in milliseconds: SIGKILL
 * @returns what it said and how it ended; `hung` where the deadline passed, and the most memory it held, in bytes
 */
export function runCommand(args, { before = [], shell, env, uid, deadline = 20_000, killAfter } = {}) {
  const whole = [process.execPath, ...before, COMMAND, ...args];
  const [program, ...rest] =
    shell === undefined ? whole : ["/bin/sh", "-c", `${shell}; exec "$@"`, "sh", ...whole];
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HF_HUB_OFFLINE: "1", ...env },
    ...(uid !== undefined && { uid, gid: uid }),
    ...OF_ITS_OWN,
  });
  const told = { stdout: "", stderr: "", hung: false, memory: 0 };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => {
      told[stream] += text;
    });
  }
  const timers = [
    setTimeout(() => {
      told.hung = true;
      endTree(child);
    }, deadline),
    setInterval(() => {
      told.memory = Math.max(told.memory, usageOf(child.pid).memory);
    }, 50),
    ...(killAfter === undefined ? [] : [setTimeout(() => endTree(child), killAfter)]),
  ];
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => {
      timers.forEach(clearTimeout);
      resolve({ ...told, code, signal });
    });
  });
}
