// Ends the process when anything asks for a name, a socket or another program.
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
forbid(childProcess, "fork");
syncBuiltinESMExports();
