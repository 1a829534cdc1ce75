import { subtokenMean } from "../../../packages/embedding-init/dist/index.js";
import { folderFiles as publishedFiles } from "../../../packages/hub/dist/folder-files.js";
import { gatedFolder } from "../../../packages/hub/dist/gated-folder.js";
import { swapTokenizer } from "../../../packages/transfer/dist/index.js";
import { folderFiles, made, tinyModel, tinyTokenizer, writeFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";

export default async function reports(inputs) {
  const model = await made(inputs, "model", (place) => writeFolder(place, tinyModel("llama-tied")));
  const tokenizer = await made(inputs, "target", (place) => writeFolder(place, tinyTokenizer(20)));
  const swapped = await made(inputs, "swapped", (out) =>
    swapTokenizer({ model, tokenizer, method: subtokenMean(), out }),
  );
  const files = folderFiles(swapped);
  const others = Object.keys(files).filter((name) => name !== "revocab.json");
  const seeds = [
    { name: "swapped", files, attacked: [...Array(others.length).fill("revocab.json"), ...others] },
  ];
  return { seeds, mutant: (random) => damagedFolder(random, seeds, wild), read };
}

/** What `publish` asks of a folder before it speaks with the Hub. */
async function read(folder) {
  const { source, target } = await gatedFolder(folder);
  await publishedFiles(folder);
  return [source, target];
}

function wild() {
  return [
    { name: "../../etc/passwd", bytes: 1 },
    { name: "/etc/passwd", bytes: 1 },
    [{ name: "config.json", bytes: 0 }],
    "\u001b[2J",
  ];
}
