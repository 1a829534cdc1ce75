import { serveRequests } from "@revocab/guarded-process";

const kept = [];

serveRequests(async (request) => {
  if (request === "loop") for (;;);
  if (request === "grow") for (;;) kept.push(new Uint8Array(1e6).fill(1));
  if (request === "crash") process.abort();
  if (request === "fail") throw new Error("no \u001b[2J");
  if (request === "exit") {
    process.stderr.write("thread 'x' panicked at a.rs:1:1:\nwhat it said\nnote: more\n", () =>
      process.exit(3),
    );
    await new Promise(() => {});
  }
  return { request };
});
