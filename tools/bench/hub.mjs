// What a plan of a large remote model downloads, what a swap on the Hub moves, and what memory an upload takes, over a Hub on 127.0.0.1.
// usage: node tools/bench/hub.mjs [--scratch DIR] [--only plan|remote|upload]
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeSyntheticLlama } from "./synthetic-llama.mjs";

const { values } = parseArgs({
  options: { scratch: { type: "string", default: tmpdir() }, only: { type: "string" } },
});
const here = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const revocab = here("apps/revocab/bin/revocab.js");
const scratch = mkdtempSync(join(values.scratch, "revocab-bench-"));
/** Llama 3: V, d, width of the feed-forward, layers, width of keys; and the files it is published in. */
const LLAMA_8B = { vocabulary: 128_256, width: 4096, inner: 14_336, layers: 32, keyWidth: 1024, shards: 4 };
const LLAMA_70B = { ...LLAMA_8B, width: 8192, inner: 28_672, layers: 80, shards: 30 };

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(3)} GB`;
try {
  const isWanted = (name) => values.only === undefined || values.only === name;
  if (isWanted("plan")) await measurePlan();
  if (isWanted("remote")) await measureRemote();
  if (isWanted("upload")) await measureUpload();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** A model of Llama 3's 8 B shape in sparse files: 16 GB to the Hub, nothing on the disk. */
async function measurePlan() {
  const model = join(scratch, "large");
  const { tables, total } = writeSparseLlama(model, LLAMA_8B);
  const files = sparseFiles(model);
  console.log(
    `plan of a remote model: ${gigabytes(total)}, of which its vocabulary tables are ${gigabytes(tables)}`,
  );
  for (const method of ["subtoken-mean", "univariate-normal"]) {
    const hub = await serve({ repositories: { "org/large": files } });
    const plan = ["plan", "org/large", "--tokenizer", here("sample/tokenizer"), "--method", method];
    const { seconds, peak } = await run([...plan, "--out", join(scratch, `${method}.plan`)], hub);
    const { sent, requests, complaints } = await hub.stop();
    check(complaints);
    console.log(
      `  ${method.padEnd(18)} ${gigabytes(sent)} downloaded, ${(sent / tables).toFixed(4)} × the tables, ` +
        `in ${requests} requests and ${seconds.toFixed(1)} s; peak memory ${peak}`,
    );
  }
}

/**
 * A swap of a model of Llama 3's 70 B shape, 141 GB in sparse files, into another repository, by a method that reads every row; as
 * many rows as before.
 */
async function measureRemote() {
  const model = join(scratch, "huge");
  const { total, shardsWithTables, withTables } = writeSparseLlama(model, LLAMA_70B);
  const files = sparseFiles(model);
  // what new files are made of is compared with its hash
  for (const name of withTables) files[name].sha256 = await sha256(files[name].file);
  console.log(
    `a swap on the Hub: ${gigabytes(total)} in ${LLAMA_70B.shards} files, of which those with tables have ${gigabytes(shardsWithTables)}`,
  );
  const hub = await serve({ partBytes: 1e12, repositories: { "org/huge": files } });
  const swap = ["swap", "org/huge", "--tokenizer", here("sample/tokenizer"), "--method", "univariate-normal"];
  const rows = ["--rows", String(LLAMA_70B.vocabulary), "--allow-zero-rows"]; // the weights are zeros
  const { seconds, peak } = await run([...swap, ...rows, "--publish", "me/huge", "--remote=only"], hub);
  const { sent, received, requests, complaints } = await hub.stop();
  check(complaints);
  const share = (bytes) => `${gigabytes(bytes)} (${(bytes / shardsWithTables).toFixed(4)} ×)`;
  console.log(
    `  downloaded ${share(sent)}, uploaded ${share(received)}, together ${share(sent + received)}, ` +
      `in ${requests} requests and ${seconds.toFixed(1)} s; peak memory ${peak}`,
  );
}

/** A swapped model whose one weight file has about 1 GB; whole, and in parts of 64 MiB. */
async function measureUpload() {
  const [model, out] = [join(scratch, "model"), join(scratch, "out")];
  writeSyntheticLlama(model, here("sample/model/tokenizer.json"), { layers: 12, shards: 1 });
  rmSync(join(model, "model.safetensors.index.json"));
  const [shard] = readdirSync(model).filter((name) => name.endsWith(".safetensors"));
  copyFileSync(join(model, shard), join(model, "model.safetensors"));
  rmSync(join(model, shard));
  await run(["swap", model, "--tokenizer", here("sample/tokenizer"), "--out", out, "--quiet"]);
  const { size } = statSync(join(out, "model.safetensors"));
  console.log(`upload of a model whose weight file has ${gigabytes(size)}`);
  for (const [name, partBytes] of [
    ["whole", 1e12],
    ["in parts of 64 MiB", 64 << 20],
  ]) {
    const hub = await serve({ partBytes, repositories: {} });
    const { seconds, peak } = await run(["publish", out, "--to", "me/model"], hub);
    const { received, complaints } = await hub.stop();
    check(complaints);
    console.log(
      `  ${name.padEnd(18)} ${gigabytes(received)} received in ${seconds.toFixed(1)} s; peak memory ${peak}`,
    );
  }
}

function check(complaints) {
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

async function sha256(path) {
  const hash = createHash("sha256");
  for await (const block of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(block);
  return hash.digest("hex");
}

/** Files of a folder for the Hub; weights of holes are not hashed for it, and each gets a hash of its own. */
function sparseFiles(model) {
  return Object.fromEntries(
    readdirSync(model).map((name, i) => [
      name,
      { file: join(model, name), sha256: String(i + 1).padStart(64, "0") },
    ]),
  );
}

/** Writes a model of a shape with an own head, in bf16. All weights are zero: they are holes. */
function writeSparseLlama(directory, { vocabulary, width, inner, layers, keyWidth, shards: count }) {
  const tensors = [["model.embed_tokens.weight", [vocabulary, width]]];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part) => `model.layers.${layer}.${part}.weight`;
    for (const part of ["q", "o"]) tensors.push([name(`self_attn.${part}_proj`), [width, width]]);
    for (const part of ["k", "v"]) tensors.push([name(`self_attn.${part}_proj`), [keyWidth, width]]);
    for (const part of ["gate", "up"]) tensors.push([name(`mlp.${part}_proj`), [inner, width]]);
    tensors.push([name("mlp.down_proj"), [width, inner]]);
    for (const part of ["input", "post_attention"]) tensors.push([name(`${part}_layernorm`), [width]]);
  }
  tensors.push(["model.norm.weight", [width]], ["lm_head.weight", [vocabulary, width]]);
  const bytesOf = ([, shape]) => shape.reduce((a, b) => a * b, 2);
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  mkdirSync(directory);
  const weight_map = {};
  const shards = Array.from({ length: count }, () => ({}));
  const sizes = shards.map(() => 0);
  let before = 0;
  for (const tensor of tensors) {
    const shard = Math.min(count - 1, Math.floor((before / total) * count));
    const [name, shape] = tensor;
    const start = sizes[shard];
    sizes[shard] += bytesOf(tensor);
    shards[shard][name] = { dtype: "BF16", shape, data_offsets: [start, sizes[shard]] };
    weight_map[name] = `model-${shard + 1}.safetensors`;
    before += bytesOf(tensor);
  }
  for (const [i, header] of shards.entries()) {
    const path = join(directory, `model-${i + 1}.safetensors`);
    const text = JSON.stringify(header);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(path, Buffer.concat([prefix, Buffer.from(text)]));
    truncateSync(path, 8 + text.length + sizes[i]);
  }
  const json = (file, value) => writeFileSync(join(directory, file), JSON.stringify(value));
  json("model.safetensors.index.json", { metadata: { total_size: total }, weight_map });
  json("config.json", {
    ...JSON.parse(readFileSync(here("sample/model/config.json"), "utf8")),
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    tie_word_embeddings: false,
    vocab_size: vocabulary,
  });
  copyFileSync(here("sample/model/tokenizer.json"), join(directory, "tokenizer.json"));
  const withTables = [...new Set([weight_map["model.embed_tokens.weight"], weight_map["lm_head.weight"]])];
  const shardsWithTables = withTables.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  return { tables: 2 * vocabulary * width * 2, total, shardsWithTables, withTables };
}

/** A Hub in a process of its own. */
async function serve(config) {
  const child = spawn(process.execPath, [here("tools/loopback-hub/dist/serve.js"), JSON.stringify(config)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const { url, token } = await next();
  return {
    environment: {
      HF_ENDPOINT: url,
      HF_TOKEN: token,
      HF_HOME: join(scratch, `home-${child.pid}`),
      HF_HUB_CACHE: "",
    },
    async stop() {
      child.stdin.write("\n");
      const moved = await next();
      child.stdin.end();
      await once(child, "exit");
      return moved;
    },
  };
}

/** Runs revocab; wall time, and the peak resident memory as the kernel counts it (Linux). */
async function run(args, hub) {
  const start = performance.now();
  const child = spawn(process.execPath, [revocab, ...args, "--quiet"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...hub?.environment },
  });
  let peak = "";
  const timer = setInterval(() => {
    try {
      const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      if (kilobytes) peak = `${(Number(kilobytes) / 1024).toFixed(0)} MB`;
    } catch {
      // the process has ended, or this is not Linux
    }
  }, 20);
  const [code] = await once(child, "exit");
  clearInterval(timer);
  if (code !== 0) throw new Error(`revocab ${args.join(" ")} exited with ${code}`);
  return { seconds: (performance.now() - start) / 1000, peak };
}
