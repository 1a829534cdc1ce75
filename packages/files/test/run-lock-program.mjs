import { rename, writeFile } from "node:fs/promises";
import { ownPath, takeLeft } from "@revocab/files";

/** `own`: writes a path, says which, and goes on until it is killed. `take`: waits for a word, then takes what is left and says what it got. */
const [what, folder, before] = process.argv.slice(2);
const place = { folder, before };
if (what === "own") {
  const { path } = await ownPath(place);
  await writeFile(path, "half");
  process.send(path);
  setInterval(() => {}, 1000);
} else {
  process.send("ready");
  process.once("message", async () => {
    const taken = [];
    await takeLeft(place, async (path) => {
      const isTaken = await rename(path, `${path}-taken-${process.pid}`).then(
        () => true,
        () => false,
      );
      if (isTaken) taken.push(path);
    });
    process.send(taken, () => process.disconnect());
  });
}
