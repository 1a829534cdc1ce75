// Writes the bytes of CHANGE_FILE once more, in place, when a line that starts with CHANGE_AT is written to stderr.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const { CHANGE_AT, CHANGE_FILE } = process.env;

if (isMainThread && CHANGE_AT) {
  const write = process.stderr.write.bind(process.stderr);
  let isChanged = false;
  process.stderr.write = (text, ...rest) => {
    const written = write(text, ...rest);
    if (!isChanged && String(text).startsWith(CHANGE_AT)) {
      isChanged = true;
      writeFileSync(CHANGE_FILE, readFileSync(CHANGE_FILE));
    }
    return written;
  };
}
