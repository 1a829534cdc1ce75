// Sends this process the signal SIGNAL when it writes a line that starts with SIGNAL_AT to stderr, or before its
// rename number SIGNAL_AT_RENAME: the same moment on every machine.
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const { SIGNAL, SIGNAL_AT, SIGNAL_AT_RENAME } = process.env;

if (isMainThread && SIGNAL_AT) {
  const write = process.stderr.write.bind(process.stderr);
  let sent = false;
  process.stderr.write = (text, ...rest) => {
    const written = write(text, ...rest);
    if (!sent && String(text).startsWith(SIGNAL_AT)) {
      sent = true;
      process.kill(process.pid, SIGNAL);
    }
    return written;
  };
}
if (isMainThread && SIGNAL_AT_RENAME) {
  const { rename } = promises;
  let count = 0;
  promises.rename = async (...args) => {
    if (++count === Number(SIGNAL_AT_RENAME)) process.kill(process.pid, SIGNAL);
    await rename(...args);
  };
  syncBuiltinESMExports();
}
