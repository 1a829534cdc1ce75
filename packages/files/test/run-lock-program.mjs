import { rename, writeFile } from "node:fs/promises";
import { reservePath, takeOverLeftovers } from "@revocab/files/internal";

/** `own`: writes a path, says which, and goes on until it is killed. `take`: waits for a word, then takes what is left and says what it got. */
const [what, folder, before] = process.argv.slice(2);
const place = { folder, before };
if (what === "own") {
  const { path } = await reservePath(place);
  await writeFile(path, "half");
  process.send(path);
  setInterval(() => {}, 1000);
} else {
  process.send("ready");
  process.once("message", async () => {
    const taken = [];
    await takeOverLeftovers(place, async (path) => {
      const isTaken = await rename(path, `${path}-taken-${process.pid}`).then(
        () => true,
        () => false,
      );
      if (isTaken) taken.push(path);
    });
    process.send(taken, () => process.disconnect());
  });
}
