// Ends the process when anything asks for a name, a socket or another program than our own, which are watched, too.
import childProcess from "node:child_process";
import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";

function forbid(owner, name) {
  owner[name] = () => {
    process.stderr.write(`forbidden: ${name}\n`);
    process.exit(99);
  };
}

forbid(net.Socket.prototype, "connect");
forbid(net.Server.prototype, "listen");
forbid(dgram, "createSocket");
forbid(dns, "lookup");
forbid(dns.promises, "lookup");
forbid(globalThis, "fetch");
forbid(childProcess, "spawn");

const { fork } = childProcess;
const OWN = /\/apps\/revocab\/dist\/bundle\/(vocabulary-library|plan-chat)-process\.js$/;
forbid(childProcess, "fork");
const forbidFork = childProcess.fork;
childProcess.fork = (module, args, options) => {
  if (!OWN.test(new URL(module).pathname)) return forbidFork();
  const secret = Object.entries(options.env).find(([, value]) => value.includes("MustNotBeSeen"));
  if (secret !== undefined) {
    process.stderr.write(`forbidden: ${secret[0]} for another process\n`);
    process.exit(99);
  }
  return fork(module, args, { ...options, execArgv: ["--import", import.meta.url] });
};
syncBuiltinESMExports();
