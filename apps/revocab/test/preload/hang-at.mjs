// When a line that starts with HANG_AT is written to stderr, every later write of a file waits for ever in a thread of the
// pool, deaf to any signal, as on a disk that does not answer; then this process gets SIGINT. HANG_PIPE is a FIFO.
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const { HANG_AT, HANG_PIPE } = process.env;

if (isMainThread && HANG_AT) {
  const { open } = promises;
  const write = process.stderr.write.bind(process.stderr);
  let isHanging = false;
  process.stderr.write = (text, ...rest) => {
    const written = write(text, ...rest);
    if (!isHanging && String(text).startsWith(HANG_AT)) {
      isHanging = true;
      setTimeout(() => process.kill(process.pid, "SIGINT"), 200);
    }
    return written;
  };
  promises.writeFile = () => open(HANG_PIPE, "r");
  syncBuiltinESMExports();
}
