import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { presentReview, reviewPage } from "../../../apps/revocab/dist/present/present-review.js";
import { subtokenMean } from "../../../packages/embedding-init/dist/index.js";
import { AccessToken, publishFolder } from "../../../packages/hub/dist/index.js";
import { renderHtml, renderText } from "../../../packages/report-document/dist/index.js";
import { exploreSwap } from "../../../packages/swap-review/dist/index.js";
import { swapTokenizer } from "../../../packages/transfer/dist/index.js";
import { folderFiles, made, tinyModel, tinyTokenizer, writeFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";

export default async function reports(inputs) {
  const model = await made(inputs, "model", (place) => writeFolder(place, tinyModel("llama-tied")));
  const tokenizer = await made(inputs, "target", (place) => writeFolder(place, tinyTokenizer(20)));
  const text = join(
    await made(inputs, "text", (place) => writeFolder(place, { "text.txt": "a few words\n\nand some more" })),
    "text.txt",
  );
  const swapped = await made(inputs, "swapped", (out) =>
    swapTokenizer({ model, tokenizer, method: subtokenMean(), out, evaluate: { text, byToken: true } }),
  );
  const files = folderFiles(swapped);
  const others = Object.keys(files).filter((name) => name !== "revocab.json");
  const attacked = ["revocab.json", ...others.flatMap((name) => ["revocab.json", name])];
  const seeds = [{ name: "swapped", files, attacked }];
  const settings = await closedHub();
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds, wild),
    read: (folder, _, random) =>
      random.oneIn(2) ? publishToClosedHub(folder, settings) : showSwap(folder, model),
  };
}

/** What `report` shows on the terminal and on its page, line by line; without the scripts of the page, which are our own. */
async function showSwap(folder, source) {
  const explored = await exploreSwap({ subject: folder, source });
  const shown = [renderText(presentReview(explored.review)), renderHtml(reviewPage(explored))];
  return shown.flatMap((text) => text.split("\n"));
}

/** What `publish` asks of a folder before it speaks with the Hub, which then lets nobody in. */
async function publishToClosedHub(folder, settings) {
  try {
    await publishFolder({ folder, to: "someone/something", dryRun: true, settings });
  } catch (error) {
    if (error.code !== "hub_denied") throw error;
  }
  return [];
}

async function closedHub() {
  const server = createServer((_, response) => response.writeHead(403).end()).unref();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const token = new AccessToken("hf_nobody", "the campaign");
  return { endpoint: `http://127.0.0.1:${server.address().port}`, token, cacheDirectory: "", offline: false };
}

function wild() {
  return [
    { name: "../../etc/passwd", bytes: 1 },
    { name: "/etc/passwd", bytes: 1 },
    [{ name: "config.json", bytes: 0 }],
    [null],
    "\u001b[2J",
    "hf_abcdefghijklmnopqrstuvwxyzabcdefgh",
    { "../../etc/passwd": "0" },
  ];
}
