import { fork } from "node:child_process";
import { once } from "node:events";

// Starts the program as GuardedProcess does, gives it a request that never ends and may cost much, and tells its process id.
const child = fork(new URL("./program.mjs", import.meta.url), [], {
  serialization: "advanced",
  execArgv: [],
  stdio: ["ignore", "ignore", "pipe", "ipc"],
});
await once(child, "message");
child.send({ request: "loop", allowance: { processorTime: 3_600_000, memory: 1_000 } });
process.send(child.pid);
