import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { resolveModel } from "@revocab/hub";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { filesOf, hubPlaces, sampleFiles } from "./hub-place.ts";

const place = hubPlaces();
const scratch = scratchFolders();

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const gitSha1 = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

describe("a model of the Hub", () => {
  it("comes into the cache as the Python client lays it out: blobs by hash, links in the snapshot, the branch's commit", async () => {
    const { hub, cache, options } = await place();
    hub.add("org/small-model", sampleFiles());
    const model = await resolveModel("org/small-model", { ...options, want: "model" });

    const commit = hub.repository("org/small-model")!.branches.get("main")!;
    const repository = join(cache, "models--org--small-model");
    expect(model.directory).toBe(join(repository, "snapshots", commit));
    expect(model.repository).toEqual({ name: "org/small-model", commit });
    expect(readFileSync(join(repository, "refs/main"), "utf8")).toBe(commit);
    for (const [name, content] of Object.entries(filesOf(SAMPLE_MODEL))) {
      const bytes = content as Uint8Array;
      const hash = name.endsWith(".safetensors") ? sha256(bytes) : gitSha1(bytes);
      expect(readlinkSync(join(model.directory, name))).toBe(join("..", "..", "blobs", hash));
      expect(readFileSync(join(model.directory, name)).equals(bytes), name).toBe(true);
      expect(lstatSync(join(repository, "blobs", hash)).isFile()).toBe(true);
    }
    expect(hub.complaints).toEqual([]);
  });

  it("comes without pickled weights, code, other formats and subfolders", async () => {
    const { hub, options } = await place();
    hub.add("org/small-model", sampleFiles());
    const { directory } = await resolveModel("org/small-model", { ...options, want: "model" });
    expect(readdirSync(directory).sort()).toEqual([
      "README.md",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(hub.requests.filter(({ path }) => /\.(py|bin|onnx)/.test(path))).toEqual([]);
  });

  it("comes with the modules of sentence-transformers and an adapter, whose weights only a job that writes needs", async () => {
    const { hub, options } = await place();
    const parts = {
      "modules.json": "[]",
      "1_Pooling/config.json": "{}",
      "2_Dense/config.json": "{}",
      "2_Dense/model.safetensors": "dense",
      "2_Dense/pytorch_model.bin": "pickle",
      "adapter_config.json": "{}",
      "adapter_model.safetensors": "adapter",
    };
    hub.add("org/sentences", { ...sampleFiles(), ...parts });
    const filesIn = async (want: "model" | "tables") => {
      const { directory, close } = await resolveModel("org/sentences", { ...options, want });
      await close();
      const names = readdirSync(directory, { recursive: true }).map((name) =>
        String(name).replaceAll("\\", "/"),
      );
      return Object.keys(parts).filter((name) => names.includes(name));
    };
    expect(await filesIn("tables")).toEqual([
      "modules.json",
      "1_Pooling/config.json",
      "2_Dense/config.json",
      "adapter_config.json",
    ]);
    expect(await filesIn("model")).toEqual(Object.keys(parts).filter((name) => !name.endsWith(".bin")));
  });

  it("is downloaded once: a second job asks for the listing alone", async () => {
    const { hub, options } = await place();
    hub.add("org/small-model", sampleFiles());
    const first = await resolveModel("org/small-model", { ...options, want: "model" });
    expect(first.received().bytes).toBe(first.received().ofBytes);
    const before = hub.requests.length;
    const second = await resolveModel("org/small-model", { ...options, want: "model" });
    expect(second.received().bytes).toBe(0);
    expect(hub.requests.slice(before).map(({ path }) => path.replace(/\?.*/, ""))).toEqual([
      expect.stringMatching(/\/api\/models\/org\/small-model\/revision\/main$/),
      expect.stringMatching(/\/tree\/[0-9a-f]{40}$/),
    ]);
  });

  it("shares the blobs of files that two commits have in common", async () => {
    const { hub, cache, options } = await place();
    hub.add("org/small-model", sampleFiles());
    const first = await resolveModel("org/small-model", { ...options, want: "model" });
    hub.add("org/small-model", { ...sampleFiles(), "generation_config.json": "{}" });
    const second = await resolveModel("org/small-model", { ...options, want: "model" });
    expect(second.directory).not.toBe(first.directory);
    expect(second.received().bytes).toBe(2);
    expect(readFileSync(join(second.directory, "generation_config.json"), "utf8")).toBe("{}");
    expect(readFileSync(join(first.directory, "generation_config.json"), "utf8")).not.toBe("{}");
    expect(readdirSync(join(cache, "models--org--small-model/blobs"))).toHaveLength(7);
  });

  it("is pinned by @revision: a branch, a commit, a pull request", async () => {
    const { hub, options } = await place();
    const repository = hub.add("org/small-model", sampleFiles());
    const old = repository.branches.get("main")!;
    repository.branches.set("v1.0", old);
    repository.branches.set("refs/pr/3", old);
    hub.add("other/model", sampleFiles());
    const newer = "0123456789012345678901234567890123456789";
    repository.commits.set(newer, { ...repository.commits.get(old)!, oid: newer });
    repository.branches.set("main", newer);
    for (const revision of ["v1.0", old, "refs/pr/3"]) {
      const { repository: found } = await resolveModel(`org/small-model@${revision}`, {
        ...options,
        want: "tokenizer",
      });
      expect({ revision, commit: found?.commit }).toEqual({ revision, commit: old });
    }
    const main = await resolveModel("org/small-model", { ...options, want: "tokenizer" });
    expect(main.repository?.commit).toBe(newer);
  });

  it("is found by its address too, with the revision of the page", async () => {
    const { hub, options } = await place();
    const commit = hub.add("org/small-model", sampleFiles()).branches.get("main");
    for (const address of [
      `${hub.url}/org/small-model`,
      `${hub.url}/org/small-model/tree/main`,
      `${hub.url}/org/small-model/blob/${commit}/config.json`,
      "https://huggingface.co/org/small-model",
      "hf://org/small-model@main",
    ]) {
      const found = await resolveModel(address, { ...options, want: "tokenizer" });
      expect(found.repository).toEqual({ name: "org/small-model", commit });
    }
  });

  it("in shards brings the shards that its index names, and no other safetensors", async () => {
    const { hub, options } = await place();
    const { "model.safetensors": weights, ...rest } = sampleFiles();
    const index = JSON.stringify({ weight_map: { a: "model-1.safetensors", b: "model-2.safetensors" } });
    hub.add("org/sharded", {
      ...rest,
      "model.safetensors.index.json": index,
      "model-1.safetensors": weights!,
      "model-2.safetensors": "second",
      "model.fp16.safetensors": "a copy",
      "adapter_model.safetensors": "an adapter",
    });
    const { directory } = await resolveModel("org/sharded", { ...options, want: "model" });
    const names = readdirSync(directory).filter((name) => name.endsWith(".safetensors"));
    expect(names.sort()).toEqual(["model-1.safetensors", "model-2.safetensors"]);
  });

  it("is listed over as many pages as there are", async () => {
    const { hub, options } = await place({ pageSize: 2 });
    hub.add("org/small-model", sampleFiles());
    const { directory } = await resolveModel("org/small-model", { ...options, want: "model" });
    expect(readdirSync(directory)).toHaveLength(6);
    expect(hub.requests.filter(({ path }) => path.includes("/tree/")).length).toBeGreaterThan(4);
  });

  it("reports its download in bytes, up to all of them", async () => {
    const { hub, options, events } = await place();
    hub.add("org/small-model", sampleFiles());
    const model = await resolveModel("org/small-model", { ...options, want: "model" });
    const progress = events.filter((event) => event.type === "progress");
    const last = progress.filter(({ step }) => step === "download").at(-1);
    expect(last).toMatchObject({ unit: "bytes" });
    expect(last!.done).toBe(last!.total);
    expect(last!.total).toBeLessThanOrEqual(model.received().bytes);
  });
});

describe("a tokenizer of the Hub", () => {
  it("comes with the config, which may decide its class, and without the weights of the model it belongs to", async () => {
    const { hub, options } = await place();
    hub.add("org/small-model", sampleFiles());
    const { directory } = await resolveModel("org/small-model", { ...options, want: "tokenizer" });
    expect(readdirSync(directory).sort()).toEqual(["config.json", "tokenizer.json", "tokenizer_config.json"]);
  });

  it("is missed at once where there is none", async () => {
    const { hub, options } = await place();
    hub.add("org/nothing", { "README.md": "# nothing", "config.json": "{}" });
    await expect(resolveModel("org/nothing", { ...options, want: "tokenizer" })).rejects.toMatchObject({
      code: "hub_missing",
      message: "org/nothing has no tokenizer; it holds README.md, config.json",
    });
  });
});

describe("what is on this machine", () => {
  it("is never looked up: a folder is itself, even when the Hub has a repository of that name", async () => {
    const { hub, options } = await place();
    const folder = scratch();
    mkdirSync(join(folder, "org/small-model"), { recursive: true });
    const before = process.cwd();
    process.chdir(folder);
    try {
      const found = await resolveModel("org/small-model", { ...options, want: "model" });
      expect(found).toMatchObject({ directory: "org/small-model", repository: undefined });
    } finally {
      process.chdir(before);
    }
    const missing = await resolveModel("./org/nothing-there", { ...options, want: "model" });
    expect(missing).toMatchObject({ directory: "./org/nothing-there", repository: undefined });
    expect(hub.requests).toEqual([]);
  });
});

describe("offline", () => {
  it("a model in the cache is found without a request, and what a job lacks is named", async () => {
    const { hub, options } = await place();
    hub.add("org/small-model", sampleFiles());
    const { directory } = await resolveModel("org/small-model", { ...options, want: "model" });
    const offline = { ...options, settings: { ...options.settings, offline: true } };
    const before = hub.requests.length;
    expect(await resolveModel("org/small-model", { ...offline, want: "model" })).toMatchObject({ directory });
    await expect(resolveModel("org/other", { ...offline, want: "model" })).rejects.toMatchObject({
      code: "missing_file",
      message: "org/other@main is not in the cache, and HF_HUB_OFFLINE is set",
    });
    await expect(resolveModel("org/small-model@v2", { ...offline, want: "model" })).rejects.toMatchObject({
      message: "org/small-model@v2 is not in the cache, and HF_HUB_OFFLINE is set",
    });
    expect(hub.requests).toHaveLength(before);
  });

  it("a tokenizer alone is no model: the missing files are named", async () => {
    const { hub, options } = await place();
    const { "model.safetensors": _, ...rest } = sampleFiles();
    const weight_map = { a: "model-1.safetensors", b: "model-2.safetensors" };
    const index = JSON.stringify({ weight_map });
    hub.add("org/sharded", { ...rest, "model.safetensors.index.json": index, "model-1.safetensors": "1" });
    hub.add("org/small-model", sampleFiles());
    await resolveModel("org/small-model", { ...options, want: "tokenizer" });
    await resolveModel("org/sharded", { ...options, want: "model" });
    const offline = { ...options, settings: { ...options.settings, offline: true } };
    await expect(resolveModel("org/small-model", { ...offline, want: "model" })).rejects.toMatchObject({
      message: expect.stringContaining("without model.safetensors, and HF_HUB_OFFLINE is set"),
    });
    await expect(resolveModel("org/sharded", { ...offline, want: "model" })).rejects.toMatchObject({
      message: expect.stringContaining("without model-2.safetensors, and"),
    });
  });

  it("a cache that another client wrote is read: a ref with a line end, files and not links", async () => {
    const { cache, options } = await place();
    const commit = "89abcdef0123456789abcdef0123456789abcdef";
    const repository = join(cache, "models--org--by-hand");
    mkdirSync(join(repository, "snapshots", commit), { recursive: true });
    mkdirSync(join(repository, "refs"));
    writeFileSync(join(repository, "refs/main"), `${commit}\n`);
    writeFileSync(join(repository, "snapshots", commit, "tokenizer.json"), "{}");
    const offline = { ...options, settings: { ...options.settings, offline: true } };
    const found = await resolveModel("org/by-hand", { ...offline, want: "tokenizer" });
    expect(found.repository?.commit).toBe(commit);
  });
});
