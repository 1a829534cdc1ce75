// A hypernetwork beside a plain torch forward on full-length rows: the same random weights, tokens and threads, in one run.
// usage: node tools/bench/hypernetwork.mjs --source-tokenizer PATH --target-tokenizer PATH --python PYTHON [--sizes 768,2048] [--tokens 4096] [--threads 2] [--runs 2] [--scratch DIR]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readSafetensorsHeader } from "../../packages/checkpoint/dist/index.js";
import { encodeSurfaceForms, openHypernetwork, predictRows } from "../../packages/hypernetwork/dist/index.js";
import { randomStream } from "../../packages/matrix/dist/index.js";
import { convertToByteLevel, loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const { values } = parseArgs({
  options: {
    "source-tokenizer": { type: "string" },
    "target-tokenizer": { type: "string" },
    python: { type: "string" },
    sizes: { type: "string", default: "768,2048" },
    tokens: { type: "string", default: "4096" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "2" },
    scratch: { type: "string", default: tmpdir() },
    // for the process that is measured
    run: { type: "string" },
  },
});
const { python, threads } = values;
const FORM_LENGTH = 7;
const PAD = 2;

if (values.run) {
  await runOurs(values.run);
} else if (values["source-tokenizer"] && values["target-tokenizer"] && python) {
  for (const size of values.sizes.split(",")) await compare(Number(size));
} else {
  console.error(
    "usage: node tools/bench/hypernetwork.mjs --source-tokenizer PATH --target-tokenizer PATH --python PYTHON",
  );
  process.exit(2);
}

/** Width 768 as for XLM-R and GPT-2 (tied, n_in 768); 2,048 as for TinyLlama (n_in 4,096). */
async function compare(width) {
  const folder = mkdtempSync(join(values.scratch, "revocab-bench-"));
  try {
    const rows = await writeForms(folder);
    const script = fileURLToPath(new URL("../oracle/hypernetwork-speed.py", import.meta.url));
    const sizes = ["--width", String(width), "--row-width", String(width), "--rows", String(rows)];
    await measured([python, script, "make", folder, ...sizes, ...(width > 768 ? ["--untied"] : [])]);
    const weights = statSync(join(folder, "model.safetensors")).size / 1e6;
    console.log(
      `H ${width}: weights ${weights.toFixed(0)} MB in f32, ${values.tokens} tokens, ${threads} threads`,
    );
    const jobs = {
      "torch, full-length rows": [
        python,
        script,
        "run",
        folder,
        "--forms",
        join(folder, "forms"),
        "--threads",
        threads,
      ],
      revocab: [process.execPath, fileURLToPath(import.meta.url), "--run", folder, "--threads", threads],
    };
    const best = {};
    const samples = {};
    for (let run = 1; run <= Number(values.runs); run++) {
      for (const [name, command] of Object.entries(jobs)) {
        const { output, peak } = await measured(command);
        const { tokensPerSecond, sample } = JSON.parse(output);
        console.log(
          `run ${run}  ${name.padEnd(24)} ${tokensPerSecond.toFixed(0).padStart(6)} tokens/s, peak ${peak.toFixed(0)} MB`,
        );
        best[name] = Math.max(best[name] ?? 0, tokensPerSecond);
        samples[name] = sample;
      }
    }
    const [theirs, ours] = Object.values(samples);
    const largest = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i])));
    const [reference, own] = Object.values(best);
    console.log(
      `best of ${values.runs}: revocab predicts ${(own / reference).toFixed(2)} × the tokens a second; rows differ by ${largest.toExponential(1)}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Surface forms of random target tokens; gives how many ids there are. */
async function writeForms(folder) {
  const source = await loadTokenizer(values["source-tokenizer"]);
  const { tokenizer } = convertToByteLevel(source, { mode: "reference" });
  const target = (await loadTokenizer(values["target-tokenizer"])).vocabulary;
  const { uniform } = randomStream(0, 0);
  const tokens = [];
  while (tokens.length < Number(values.tokens)) {
    const id = Math.floor(uniform() * target.size);
    if (target.kindOf(id) === "text") tokens.push(target.bytesOf(id));
  }
  const forms = encodeSurfaceForms(tokens, {
    vocabulary: tokenizer.vocabulary,
    formLength: FORM_LENGTH,
    padId: PAD,
  });
  writeFileSync(join(folder, "forms"), new Uint8Array(forms.ids.buffer));
  for (const [name, content] of tokenizer.files) writeFileSync(join(folder, name), content);
  const mean = forms.lengths.reduce((sum, length) => sum + length, 0) / forms.lengths.length;
  console.log(
    `tokens are spelled in ${mean.toFixed(2)} pieces on average, ${forms.truncated.length} cut at ${FORM_LENGTH}`,
  );
  return tokenizer.vocabulary.size;
}

async function runOurs(folder) {
  const { path, tensors } = await readSafetensorsHeader(join(folder, "source.safetensors"));
  const handle = await open(path);
  const table = (name) => {
    const entry = tensors.find((tensor) => tensor.name === name);
    if (entry === undefined) return undefined;
    const [rows, columns] = entry.shape;
    const readRows = async (start, _count, into) => {
      await handle.read(into, 0, into.length, entry.start + start * columns * 2);
    };
    return { rows, columns, dtype: "BF16", readRows };
  };
  const ids = new Int32Array(readFileSync(join(folder, "forms")).buffer.slice(0));
  const lengths = Uint16Array.from({ length: ids.length / FORM_LENGTH }, (_, i) => {
    const row = ids.subarray(i * FORM_LENGTH, (i + 1) * FORM_LENGTH);
    return row.includes(PAD) ? row.indexOf(PAD) : FORM_LENGTH;
  });
  const forms = { ids, lengths, formLength: FORM_LENGTH, padId: PAD, truncated: [], unspelled: [] };
  const hypernetwork = await openHypernetwork(folder, { threads: Number(threads) });
  const output = table("output");
  const source = { input: table("input"), ...(output && { output }) };
  const some = { ...forms, ids: ids.subarray(0, 8 * FORM_LENGTH), lengths: lengths.subarray(0, 8) };
  await predictRows({ hypernetwork, source, forms: some });
  const start = performance.now();
  const { input } = await predictRows({ hypernetwork, source, forms });
  const seconds = (performance.now() - start) / 1000;
  const sample = [0, 1, 2, 3].flatMap((row) => [
    ...input.data.subarray(row * input.columns, row * input.columns + 4),
  ]);
  console.log(JSON.stringify({ tokensPerSecond: lengths.length / seconds, sample }));
  await handle.close();
}

/** What a command printed and its peak resident memory as the kernel counts it (Linux). */
function measured([command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    let peak = Number.NaN;
    child.stdout.setEncoding("utf8").on("data", (part) => {
      output += part;
    });
    const timer = setInterval(() => {
      try {
        const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
        if (kilobytes) peak = (Number(kilobytes) * 1024) / 1e6;
      } catch {
        // the process has ended, or this is not Linux
      }
    }, 20);
    child.on("error", reject).on("close", (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ output, peak });
      else reject(new Error(`${command} ${args.join(" ")} exited with ${code}`));
    });
  });
}
