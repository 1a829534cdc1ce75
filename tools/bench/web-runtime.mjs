// Scores and trains the sample by onnxruntime-node and by onnxruntime-web: figures and processor time of both.
// usage: node tools/bench/web-runtime.mjs FOLDER     where `npm install onnxruntime-web@1.30.0` was run
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { measured } from "./measured.mjs";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node tools/bench/web-runtime.mjs FOLDER");
const place = mkdtempSync(join(tmpdir(), "revocab-web-"));
const training = ["--steps", "20", "--batch", "512", "--out", join(place, "healed"), "--force"];
const figures = {
  eval: { options: [], figure: ({ bitsPerByte }) => bitsPerByte },
  heal: { options: training, figure: ({ training: { heldOut } }) => heldOut.after },
};
try {
  for (const [command, { options, figure }] of Object.entries(figures)) {
    for (const [runtime, imports] of Object.entries({
      native: [],
      WebAssembly: ["--import", withoutNative()],
    })) {
      const revocab = [process.execPath, ...imports, at("apps/revocab/bin/revocab.js")];
      const text = [at("sample/model"), "--text", at("sample/stories.txt")];
      const { output, processorSeconds } = await measured([
        ...revocab,
        ...[command, ...text, ...options, "--threads", "1", "--json", "--quiet"],
      ]);
      console.log(
        `${command} ${runtime}: ${figure(JSON.parse(output))} bits per byte, ${processorSeconds} s`,
      );
    }
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** A module that hides onnxruntime-node, and finds onnxruntime-web in the folder. */
function withoutNative() {
  const parentURL = pathToFileURL(resolve(folder, "package.json")).href;
  const hooks = `export function resolve(specifier, context, next) {
    if (specifier === "onnxruntime-node") throw new Error("hidden");
    return next(specifier, specifier === "onnxruntime-web" ? { ...context, parentURL: "${parentURL}" } : context);
  }`;
  return asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(hooks))});`);
}

function asUrl(source) {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
