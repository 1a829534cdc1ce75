// A page with a text box and a search over a tokenizer that is grown to 256,000 entries: its size, and how long the browser takes
// until its panels can be used, until the first text is in tokens, and for a search.
// usage: node tools/bench/page.mjs [--size 256000] [--runs 3] TOKENIZER          (a byte-level BPE)
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { renderPage, tokenizersPanel, vocabularyPanel } from "../../packages/report-page/dist/index.js";
import { loadTokenizer, tokenizerFromFiles } from "../../packages/vocabulary/dist/index.js";
import { findBrowser } from "../browser-test/find-browser.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: "string", default: "256000" }, runs: { type: "string", default: "3" } },
});
if (positionals.length !== 1) {
  console.error("usage: node tools/bench/page.mjs [--size 256000] [--runs 3] TOKENIZER");
  process.exit(2);
}
const tokenizer = grown(await loadTokenizer(positionals[0]), Number(values.size));
const { vocabulary } = tokenizer;
const start = performance.now();
const html = renderPage({
  title: "A large vocabulary",
  blocks: [
    await tokenizersPanel({ tokenizers: [{ name: "one", tokenizer }], texts: ["Once upon a time"] }),
    vocabularyPanel({ vocabularies: [{ name: "one", vocabulary }] }),
  ],
});
console.log(
  `${vocabulary.size} entries: made in ${seconds(start)}, ${(Buffer.byteLength(html) / 1e6).toFixed(1)} MB`,
);

const folder = mkdtempSync(join(tmpdir(), "revocab-page-"));
const file = join(folder, "page.html");
writeFileSync(file, html);
const browser = await chromium.launch({ executablePath: findBrowser(), args: ["--no-sandbox"] });
for (let run = 0; run < Number(values.runs); run++) {
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const processor = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ProcessTime").value;
  };
  const opened = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('[data-panel]:not([aria-busy="false"])', { state: "detached" });
  const usable = `${seconds(opened)} (processor ${(await processor()).toFixed(2)} s)`;
  const before = await processor();
  const typed = performance.now();
  await page.locator("textarea").fill("The quick brown fox jumps over the lazy dog.");
  await page.locator(".tokens", { hasText: "lazy" }).waitFor();
  const encoded = `${seconds(typed)} (processor ${((await processor()) - before).toFixed(2)} s)`;
  const searched = performance.now();
  await page.getByLabel("Search").fill("butter");
  await page.getByText(`${vocabulary.size.toLocaleString("en")} tokens`).waitFor({ state: "hidden" });
  console.log(`usable ${usable}, first text in tokens ${encoded}, a search ${seconds(searched)}`);
  await page.close();
}
await browser.close();
rmSync(folder, { recursive: true });
process.exit(0);

/** The tokenizer with merges of two of its tokens each, until it has `size` entries. */
function grown({ files }, size) {
  const document = JSON.parse(new TextDecoder().decode(files.get("tokenizer.json")));
  const { vocab, merges } = document.model;
  const special = new Set((document.added_tokens ?? []).map(({ content }) => content));
  const pieces = Object.keys(vocab).filter((piece) => !special.has(piece));
  const pairs = merges.map((merge) => (typeof merge === "string" ? merge.split(" ") : merge));
  let next =
    [...Object.values(vocab), ...(document.added_tokens ?? []).map(({ id }) => id)].reduce((most, id) =>
      Math.max(most, id),
    ) + 1;
  for (let step = 1; next < size; step++) {
    for (let left = 0; left < pieces.length && next < size; left++) {
      const pair = [pieces[left], pieces[(left * 7 + step) % pieces.length]];
      const piece = pair.join("");
      if (piece in vocab || piece.length > 16) continue;
      vocab[piece] = next++;
      pairs.push(pair);
    }
  }
  document.model.merges = pairs;
  return tokenizerFromFiles(
    new Map([["tokenizer.json", new TextEncoder().encode(JSON.stringify(document))]]),
    "grown",
  );
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(2)} s`;
}
