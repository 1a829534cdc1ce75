import { createHash } from "node:crypto";
import { parentPort } from "node:worker_threads";
import type { HashMessage } from "./hash-blocks.ts";

/** The thread of `hashOnThread`. */
let hash = createHash("sha256");

parentPort?.on("message", (message: HashMessage) => {
  if (message === "digest") {
    parentPort?.postMessage(hash.digest("hex"));
    hash = createHash("sha256");
    return;
  }
  const { block, length } = message;
  hash.update(block.subarray(0, length));
  parentPort?.postMessage(block, [block.buffer as ArrayBuffer]);
});
