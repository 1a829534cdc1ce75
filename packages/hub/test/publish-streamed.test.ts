import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type FileSource, localFiles, readSafetensorsHeader } from "@revocab/checkpoint";
import { subtokenMean } from "@revocab/embedding-init";
import {
  AccessToken,
  checkPublisher,
  type PublishedModel,
  type PublishStreamedOptions,
  publishStreamed,
  resolveModel,
} from "@revocab/hub";
import type { FaultRule, LoopbackHub, LoopbackHubOptions, RepositoryOptions } from "@revocab/loopback-hub";
import { SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { SHARDS, shardedSample } from "@revocab/test-support/sharded-sample";
import { type StreamedModel, streamSwap, swapTokenizer } from "@revocab/transfer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces } from "./hub-place.ts";

const place = hubPlaces();
const folders: string[] = [];
function scratchOfFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "revocab-streamed-"));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const SAMPLE = shardedSample();
const [TABLES, ...OTHERS] = SHARDS as [string, ...string[]];

/** A Hub with the sample in three shards as `org/model`. */
async function hubWithModel(
  options?: LoopbackHubOptions,
  more: RepositoryOptions & { xet?: boolean } = {},
): Promise<HubPlace> {
  const made = await place(options);
  made.hub.add("org/model", SAMPLE, more);
  return made;
}

/** The swap that the tests publish: made once, of a folder that `org/model` has the files of. */
let shared: StreamedModel;
let end: () => void;
let ended: Promise<unknown>;
beforeAll(async () => {
  const [model, room] = [folderOfModel(), scratchOfFile()];
  const swap = { model, scratch: room, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean() };
  await new Promise<void>((ready, fail) => {
    ended = streamSwap(swap, (made) => {
      shared = made;
      ready();
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    ended.catch(fail);
  });
});
afterAll(async () => {
  end();
  await ended;
});

/** Publishes the swap as `me/model`. */
function publish(
  { hub, options }: HubPlace,
  more: Partial<PublishStreamedOptions> = {},
): Promise<PublishedModel> {
  const source = { name: "org/model", commit: hub.repository("org/model")!.branches.get("main")! };
  return publishStreamed({ ...options, ...shared, source, to: "me/model", ...more });
}

/** Swaps `org/model` from where it is, and publishes it as `me/model`. */
async function swapAndPublish(
  { options }: HubPlace,
  more: Partial<PublishStreamedOptions> = {},
): Promise<PublishedModel> {
  const model = await resolveModel("org/model", { ...options, want: "remote" });
  try {
    const swap = {
      ...options,
      model: model.directory,
      weights: model.weights!,
      weightHashes: model.weightHashes,
      scratch: model.scratch!,
      tokenizer: SAMPLE_TOKENIZER,
      method: subtokenMean(),
    };
    const { delivered } = await streamSwap(swap, ({ folder, weights }) =>
      publishStreamed({ ...options, folder, weights, source: model.repository!, to: "me/model", ...more }),
    );
    return delivered;
  } finally {
    await model.close();
  }
}

function folderOfModel(): string {
  const model = scratchOfFile();
  for (const [name, bytes] of Object.entries(SAMPLE)) writeFileSync(join(model, name), bytes);
  return model;
}

/** The same swap on this machine, as a folder. */
async function swappedHere(): Promise<string> {
  const [model, out] = [folderOfModel(), join(scratchOfFile(), "out")];
  await swapTokenizer({ model, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean(), out });
  return out;
}

function contentOf(hub: LoopbackHub, name = "me/model"): Record<string, Buffer> {
  const repository = hub.repository(name)!;
  const commit = repository.commits.get(repository.branches.get("main")!)!;
  return Object.fromEntries([...commit.files].map(([path, { place }]) => [path, readFileSync(place)]));
}

const sizesOf = (names: readonly string[]) => names.map((path) => ({ path, bytes: SAMPLE[path]!.length }));
const totalOf = (names: readonly string[]) => names.reduce((sum, name) => sum + SAMPLE[name]!.length, 0);
const commitsOf = ({ hub }: HubPlace) => hub.repository("me/model")!.commits.size;
const notesOf = ({ events }: HubPlace) =>
  events.flatMap((event) => (event.type === "note" ? [event.message] : []));
const uploadsTo = ({ hub }: HubPlace) => hub.requests.filter(({ path }) => path.startsWith("/upload/"));
const duplicate = (fault: FaultRule["fault"]): FaultRule => ({ path: /\/lfs-files\/duplicate$/, fault });

describe("a swap of a model that stays on the Hub", () => {
  it("is byte for byte what a swap on this machine writes, in one commit", async () => {
    const made = await hubWithModel();
    const published = await swapAndPublish(made);
    const here = await swappedHere();
    const there = contentOf(made.hub);
    const written = Object.keys(there).filter((name) => !/^\.|README|revocab/.test(name));
    expect(written).toEqual(
      expect.arrayContaining([...SHARDS, "model.safetensors.index.json", "tokenizer.json"]),
    );
    for (const name of written) expect(there[name]!.equals(readFileSync(join(here, name))), name).toBe(true);
    expect(commitsOf(made)).toBe(2);
    expect(published).toMatchObject({
      isNew: true,
      copied: sizesOf(OTHERS),
      moved: [],
      deleted: [],
      kept: [],
    });
    const report = (text: Buffer | string) => JSON.parse(text.toString());
    const { files } = report(there["revocab.json"]!);
    expect(files.map(({ name, how }: Record<string, string>) => [name, how])).toEqual([
      [TABLES, "rewritten"],
      ...OTHERS.map((name) => [name, "copied"]),
      ["model.safetensors.index.json", "rewritten"],
    ]);
    expect(report(there["revocab.json"]!).inputs.source.files).toEqual({
      ...report(readFileSync(join(here, "revocab.json"), "utf8")).inputs.source.files,
    });
    expect(made.hub.complaints).toEqual([]);
    // the shard with the table is moved once in each direction, and of the others the headers
    const moved = (key: "sent" | "received") =>
      made.hub.requests
        .filter(({ server }) => server === "storage")
        .reduce((sum, request) => sum + request[key], 0);
    expect(published.sent).toBe(there[TABLES]!.length);
    expect(moved("received")).toBe(published.sent);
    // blocks of 256 KiB, in which headers are read before the swap
    const headers = OTHERS.reduce((sum, name) => sum + 2 * Math.min(SAMPLE[name]!.length, 1 << 18), 0);
    expect(moved("sent")).toBeLessThanOrEqual(SAMPLE[TABLES]!.length + headers);
    const left = readdirSync(made.cache, { recursive: true }).map(String);
    expect(left.filter((path) => /ranges|safetensors$|tables/.test(path))).toEqual([]);
  });

  it("replaces an earlier model in the same commit, and says what it keeps", async () => {
    const made = await hubWithModel();
    made.hub.add("me/model", { "pytorch_model.bin": "old", "notes.md": "mine" });
    await checkPublisher({ ...made.options, to: "me/model" });
    expect(notesOf(made)).toEqual([
      "me/model exists: the weights and tokenizer of an earlier model (pytorch_model.bin) go in the same commit; 1 other file stays, but for those of the same names",
    ]);
    expect(await publish(made)).toMatchObject({
      isNew: false,
      deleted: ["pytorch_model.bin"],
      kept: ["notes.md"],
    });
  });

  it("goes into its own repository without a copy", async () => {
    const made = await hubWithModel();
    expect(await publish(made, { to: "org/model" })).toMatchObject({ copied: sizesOf(OTHERS), kept: [] });
    expect(made.hub.requests.some(({ path }) => path.includes("duplicate"))).toBe(false);
    expect(contentOf(made.hub, "org/model")[OTHERS[0]!]!.equals(SAMPLE[OTHERS[0]!]!)).toBe(true);
  });

  it("has files beside it that the Hub keeps as large ones", async () => {
    const made = await hubWithModel();
    const extra = join(shared.folder, "extra.gguf");
    writeFileSync(extra, "a large kind of file");
    const { sent } = await publish(made).finally(() => rmSync(extra));
    expect(sent).toBe(contentOf(made.hub)[TABLES]!.length + 20);
    expect(contentOf(made.hub)["extra.gguf"]!.toString()).toBe("a large kind of file");
    expect(made.hub.complaints).toEqual([]);
  });

  it("is not copied nor sent again where the repository has it", async () => {
    const made = await hubWithModel();
    await publish(made);
    const before = made.hub.requests.length;
    const again = await publish(made, { title: "again" });
    expect(again).toMatchObject({ copied: sizesOf(OTHERS), sent: 0 });
    const requests = made.hub.requests.slice(before);
    expect(requests.filter(({ path }) => /duplicate|^\/upload/.test(path))).toEqual([]);
  });
});

describe("what a new file is made of", () => {
  it("is compared with the hash that the Hub lists, before anything is published", async () => {
    const weightHashes = { [TABLES]: "0".repeat(64) };
    const swap = { model: folderOfModel(), scratch: scratchOfFile(), tokenizer: SAMPLE_TOKENIZER };
    const publishing = streamSwap({ ...swap, method: subtokenMean(), weightHashes }, async () => "published");
    await expect(publishing).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(/^model-00001-of-00003\.safetensors of .* came with the sha256 /),
    });
  });
});

describe("a file that the Hub does not copy", () => {
  const refusals: [string, (made: HubPlace) => void, readonly string[], RegExp][] = [
    [
      "for a reason of its own",
      ({ hub }) => hub.misbehave(duplicate({ kind: "refuse-copy", error: "quota", count: 1 })),
      OTHERS.slice(0, 1),
      /does not copy 1 file of org\/model \(model-00002-of-00003\.safetensors: http.* says "quota"\): [\d,]+ bytes/,
    ],
    [
      "because the model is gated (403)",
      ({ hub }) => hub.misbehave(duplicate({ kind: "status", status: 403, error: "gated" })),
      OTHERS,
      /does not copy 2 files of org\/model .* 403, "gated"/,
    ],
    [
      "because this Hub cannot (404)",
      ({ hub }) => hub.misbehave(duplicate({ kind: "status", status: 404 })),
      OTHERS,
      /does not copy 2 files .* 404/,
    ],
    [
      "from another region",
      ({ hub }) => void hub.add("me/model", {}, { region: "eu" }),
      OTHERS,
      /us and eu are different storage regions/,
    ],
    [
      "though it says so",
      ({ hub }) => hub.misbehave(duplicate({ kind: "lose-copy" })),
      OTHERS.slice(1),
      /does not copy 1 file .* said to be copied, and is not there/,
    ],
  ];
  it.each(refusals)("%s is moved through this machine, which is said", async (_, arrange, files, message) => {
    const made = await hubWithModel();
    arrange(made);
    const published = await publish(made);
    expect(published.moved).toEqual(sizesOf(files));
    expect(published.sent).toBe(contentOf(made.hub)[TABLES]!.length + totalOf(files));
    expect(notesOf(made)).toContainEqual(expect.stringMatching(message));
    const there = contentOf(made.hub);
    for (const name of OTHERS) expect(there[name]!.equals(SAMPLE[name]!)).toBe(true);
    expect(commitsOf(made)).toBe(2);
  });

  it.each(refusals)("%s is an error when nothing else may be moved", async (_, arrange, __, message) => {
    const made = await hubWithModel();
    arrange(made);
    await expect(publish(made, { whenRefused: "refuse" })).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(message),
    });
    expect(commitsOf(made)).toBe(1);
  });

  it("is told in the words of the Hub without the access token", async () => {
    const made = await hubWithModel();
    const error = `not for ${made.hub.token}`;
    made.hub.misbehave(duplicate({ kind: "refuse-copy", error, count: 1 }));
    await publish(made);
    expect(notesOf(made)).toContainEqual(expect.stringContaining('says "not for (hidden)"'));
  });

  it("because it is not in Xet storage is not even asked for", async () => {
    const made = await hubWithModel({}, { xet: false });
    expect((await swapAndPublish(made)).moved).toEqual(sizesOf(OTHERS));
    expect(notesOf(made)).toContainEqual(expect.stringMatching(/it is not in Xet storage\)/));
    expect(made.hub.requests.some(({ path }) => path.includes("duplicate"))).toBe(false);
  });
});

describe("what is never published", () => {
  /** The shared swap, whose first shard has a header with this text in its metadata. */
  async function withMetadata(made: HubPlace, text: string, more: Partial<PublishStreamedOptions> = {}) {
    const folder = join(scratchOfFile(), "model");
    cpSync(shared.folder, folder, { recursive: true });
    const path = join(shared.folder, TABLES);
    const { bytes, dataStart } = await readSafetensorsHeader(path, shared.weights);
    const file = await shared.weights.open(path);
    const whole = Buffer.alloc(bytes);
    await file.read(whole, 0);
    await file.close();
    const header = JSON.parse(whole.toString("utf8", 8, dataStart));
    const changed = Buffer.from(JSON.stringify({ ...header, __metadata__: { note: text } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(changed.length));
    const written = Buffer.concat([length, changed, whole.subarray(dataStart)]);
    const elsewhere = `${folder}.safetensors`;
    writeFileSync(elsewhere, written);
    const report = JSON.parse(readFileSync(join(folder, "revocab.json"), "utf8"));
    const reported = report.files.find(({ name }: { name: string }) => name === TABLES);
    reported.bytes = written.length;
    reported.headerSha256 = createHash("sha256")
      .update(written.subarray(0, 8 + changed.length))
      .digest("hex");
    writeFileSync(join(folder, "revocab.json"), JSON.stringify(report));
    const view: FileSource = {
      list: localFiles.list,
      open: (path) =>
        path === join(folder, TABLES)
          ? localFiles.open(elsewhere)
          : shared.weights.open(join(shared.folder, basename(path))),
    };
    return publish(made, { folder, weights: view, ...more });
  }

  it("is the access token in a header, nor what looks like one unless it is named", async () => {
    const made = await hubWithModel();
    await expect(publish(made, { allowFiles: ["nothing.txt"] })).rejects.toMatchObject({
      message: expect.stringMatching(/has no file "nothing\.txt" to be allowed/),
    });
    const own = withMetadata(made, made.hub.token, { allowFiles: [TABLES] });
    await expect(own).rejects.toMatchObject({
      message: expect.stringMatching(/the header of model-00001.* holds your access token/),
    });
    const other = `hf_${"a1".repeat(17)}`;
    await expect(withMetadata(made, other)).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/the header of model-00001.* holds what looks like an access token/),
    });
    expect(made.hub.repository("me/model")).toBeUndefined();
    expect((await withMetadata(made, other, { allowFiles: [TABLES] })).commit).not.toBeNull();
  });
});

describe("what goes wrong on the Hub", () => {
  it("a copy with another header is found after the commit, and named", async () => {
    const made = await hubWithModel();
    const content = Buffer.from(SAMPLE[OTHERS[0]!]!);
    content[20]! ^= 1;
    made.hub.misbehave(duplicate({ kind: "other-copy", content }));
    await expect(publish(made)).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(
        /the copy of model-00002-of-00003\.safetensors begins with another header/,
      ),
    });
  });

  it("a copy whose header cannot be read is an error that says where the commit is", async () => {
    const made = await hubWithModel();
    made.hub.misbehave({ path: /me\/model\/resolve/, fault: { kind: "status", status: 403 } });
    await expect(publish(made)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^published as http.*\/commit\/[0-9a-f]{40}, but it could not be compared .*model-00002-of-00003/,
      ),
    });
    expect(commitsOf(made)).toBe(2);
  });

  it("a commit of someone else meanwhile is never overwritten", async () => {
    const made = await hubWithModel();
    made.hub.add("me/model", { "README.md": "# before" });
    const repository = made.hub.repository("me/model")!;
    const [first] = [...repository.commits.values()];
    const other = { ...first!, oid: "f".repeat(40) };
    const onProgress = (event: { type: string; step?: string }) => {
      if (event.type !== "step" || event.step !== "commit") return;
      repository.commits.set(other.oid, other);
      repository.branches.set("main", other.oid);
    };
    await expect(publish(made, { job: { onProgress } })).rejects.toMatchObject({
      message: `main of me/model has moved to ${"f".repeat(12)} meanwhile`,
    });
    expect(repository.branches.get("main")).toBe(other.oid);
  });

  it("a stop while files are sent leaves no commit", async () => {
    const made = await hubWithModel();
    const stopping = new AbortController();
    const onProgress = (event: { type: string; step?: string }) => {
      if (event.type === "progress" && event.step === "upload") stopping.abort();
    };
    const job = { onProgress, abortSignal: stopping.signal };
    await expect(publish(made, { job })).rejects.toMatchObject({ code: "aborted" });
    expect(commitsOf(made)).toBe(1);
  });

  it("a commit whose answer is lost is found, and not made twice", async () => {
    const made = await hubWithModel();
    made.hub.misbehave({ path: /\/commit\//, fault: { kind: "lose-answer" } });
    expect((await publish(made)).commit).toBe(made.hub.repository("me/model")!.branches.get("main"));
    expect(commitsOf(made)).toBe(2);
  });

  it("a network that dies in the middle publishes nothing, and the next try sends what is missing", async () => {
    const made = await hubWithModel({}, { xet: false });
    // the shard with the table, and one of the others, arrive
    made.hub.misbehave({
      method: "PUT",
      path: /^\/upload\//,
      times: 2,
      fault: { kind: "headers", headers: {} },
    });
    made.hub.misbehave({
      method: "PUT",
      path: /^\/upload\//,
      times: 99,
      fault: { kind: "cut", after: 1000 },
    });
    await expect(publish(made)).rejects.toMatchObject({ code: "hub_unreachable" });
    expect(commitsOf(made)).toBe(1);
    made.hub.behave();
    const uploads = uploadsTo(made).length;
    await publish(made);
    expect(uploadsTo(made).length - uploads).toBe(1);
    expect(commitsOf(made)).toBe(2);
  });

  it("a connection that breaks in a part of a file sends that part again, and no other", async () => {
    const made = await hubWithModel({ partBytes: 300_000 });
    made.hub.misbehave({ method: "PUT", path: /^\/upload\/\w+\/2/, fault: { kind: "cut", after: 1000 } });
    await publish(made);
    const parts = Math.ceil(contentOf(made.hub)[TABLES]!.length / 300_000);
    expect(uploadsTo(made)).toHaveLength(parts + 1);
    expect(made.hub.complaints).toEqual([]);
  });
});

describe("a token that may not write", () => {
  const write = (name: string) => [
    { entity: { type: "user" as const, name }, permissions: ["repo.content.read", "repo.write"] },
  ];
  const cases: [string, LoopbackHubOptions, string, RegExp][] = [
    ["that reads alone", { role: "read" }, "me/model", /the access token may only read/],
    [
      "a fine-grained one for something else",
      { role: "fineGrained", scopes: write("other") },
      "me/model",
      /the access token may not write to me\/model/,
    ],
    ["to a repository of others", {}, "other/model", /preparing to write to other\/model failed: .* 403/],
    [
      "nor create the repository",
      {},
      "strangers/new",
      /strangers\/new does not exist, and me may not create it/,
    ],
  ];
  it.each(cases)("%s is refused before anything is moved or made", async (_, serverOptions, to, message) => {
    const made = await hubWithModel(serverOptions);
    made.hub.add("other/model", {}, { writable: false });
    await expect(checkPublisher({ ...made.options, to })).rejects.toMatchObject({
      code: "hub_denied",
      message: expect.stringMatching(message),
    });
    expect(made.hub.requests.some(({ path }) => /resolve|create/.test(path))).toBe(false);
  });

  it("while a fine-grained one that may is taken", async () => {
    const made = await hubWithModel({ role: "fineGrained", scopes: write("me") });
    made.hub.add("me/model", {});
    await checkPublisher({ ...made.options, to: "me/model" });
    await checkPublisher({ ...made.options, to: "me/new" });
    const token = new AccessToken("hf_another", "the test");
    const settings = { ...made.options.settings, token };
    await expect(checkPublisher({ ...made.options, settings, to: "me/model" })).rejects.toMatchObject({
      code: "hub_denied",
    });
  });
});
