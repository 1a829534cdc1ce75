import { createInterface } from "node:readline";
import type { FileContent } from "./repositories.ts";
import { startLoopbackHub } from "./start-loopback-hub.ts";

/**
 * A Hub in a process of its own, so that what a client takes is the client's: `node serve.js CONFIG`, CONFIG being JSON
 * `{ token?, partBytes?, storageHost?, repositories: { "ORG/NAME": { PATH: { file, sha256? } } } }`. Prints `{ url, token }`; then for
 * each line it reads, what was moved and complained about so far. Ends with its input.
 */
const { repositories = {}, ...options } = JSON.parse(process.argv[2] ?? "{}") as {
  token?: string;
  partBytes?: number;
  storageHost?: string;
  repositories?: Record<string, Record<string, FileContent>>;
};
const hub = await startLoopbackHub(options);
for (const [name, files] of Object.entries(repositories)) hub.add(name, files);
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
print({ url: hub.url, token: hub.token });
for await (const _ of createInterface({ input: process.stdin })) {
  const sum = (key: "sent" | "received", isWanted = /./) =>
    hub.requests
      .filter(({ path }) => isWanted.test(path))
      .reduce((total, request) => total + request[key], 0);
  print({
    requests: hub.requests.length,
    /** Of files, whole or by ranges. */
    sent: sum("sent", /\/resolve\/|^\/read\//),
    received: sum("received"),
    complaints: hub.complaints,
  });
}
await hub.close();
