import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PublishOptions, publishFolder } from "@revocab/hub";
import type { LoopbackHub } from "@revocab/loopback-hub";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();

const publish = ({ options }: HubPlace, folder: string, more: Partial<PublishOptions> = {}) =>
  publishFolder({ ...options, folder, to: "me/model", ...more });

/** What a branch of the Hub holds: path → content. */
function contentOf(hub: LoopbackHub, name: string, branch = "main"): Record<string, Buffer> {
  const repository = hub.repository(name)!;
  const commit = repository.commits.get(repository.branches.get(branch)!)!;
  return Object.fromEntries([...commit.files].map(([path, { place }]) => [path, readFileSync(place)]));
}

const filesIn = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith("."));
const commitsTo = (hub: LoopbackHub) => hub.requests.filter(({ path }) => path.includes("/commit/"));

function expectPublished(hub: LoopbackHub, folder: string, branch = "main"): void {
  const { ".gitattributes": _, ...content } = contentOf(hub, "me/model", branch);
  expect(Object.keys(content).sort()).toEqual(filesIn(folder).sort());
  for (const name of filesIn(folder)) {
    expect(content[name]!.equals(readFileSync(join(folder, name))), name).toBe(true);
  }
  expect(hub.complaints).toEqual([]);
}

describe("a folder that passed the gate", () => {
  it("becomes one commit of a new repository, file by file the same", async () => {
    const made = await place();
    const folder = swapped();
    const published = await publish(made, folder);
    expectPublished(made.hub, folder);
    const { commits, branches } = made.hub.repository("me/model")!;
    expect(commits.size).toBe(2);
    expect(published).toEqual({
      repository: "me/model",
      url: `${made.hub.url}/me/model`,
      isNew: true,
      branch: "main",
      commit: branches.get("main"),
      pullRequest: null,
      files: filesIn(folder).map((path) => ({ path, bytes: statSync(join(folder, path)).size })),
      bytes: filesIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
      deleted: [],
      kept: [],
    });
    expect(commits.get(published.commit!)).toMatchObject({
      title: "model with the tokenizer of tokenizer",
      description: expect.stringMatching(/^Written and checked by revocab \d/),
    });
  });

  it("goes into an existing repository: that it is there already is no error", async () => {
    const made = await place();
    const folder = swapped();
    made.hub.add("me/model", { "README.md": "# before", "images/plot.png": "a picture" });
    const published = await publish(made, folder);
    expect(published).toMatchObject({ isNew: false, kept: ["images/plot.png"], deleted: [] });
    const { "images/plot.png": picture } = contentOf(made.hub, "me/model");
    expect(picture!.toString()).toBe("a picture");
  });

  it("takes a repository that another made in the same moment (409)", async () => {
    const made = await place();
    const folder = swapped();
    made.hub.add("me/model", {});
    made.hub.misbehave({
      path: /\/api\/models\/me\/model\/revision/,
      fault: { kind: "status", status: 404 },
    });
    expect(await publish(made, folder)).toMatchObject({ isNew: false });
    expect(made.hub.requests.find(({ path }) => path.endsWith("/repos/create"))).toMatchObject({
      status: 409,
    });
    expectPublished(made.hub, folder);
  });

  it("replaces an earlier model: shards, pickled weights and tokenizer files that are no longer there go", async () => {
    const made = await place();
    const folder = swapped();
    const old = [
      "model-00001-of-00002.safetensors",
      "model.safetensors.index.json",
      "pytorch_model.bin",
      "merges.txt",
    ];
    made.hub.add("me/model", { ...Object.fromEntries(old.map((name) => [name, "old"])), "notes.md": "kept" });
    const published = await publish(made, folder);
    expect(published.deleted).toEqual(old);
    expect(published.kept).toEqual(["notes.md"]);
    expect(Object.keys(contentOf(made.hub, "me/model")).sort()).toEqual(
      [...filesIn(folder), "notes.md"].sort(),
    );
    expect(made.hub.repository("me/model")!.commits.size).toBe(2);
  });

  it("is created private when asked, and never put into a public repository then", async () => {
    const made = await place();
    const folder = swapped();
    await publish(made, folder, { private: true });
    expect(made.hub.repository("me/model")!.private).toBe(true);
    made.hub.add("me/open", {});
    await expect(publish(made, folder, { to: "me/open", private: true })).rejects.toMatchObject({
      code: "bad_options",
      message: "me/open exists and is public, but a private one was requested",
    });
    expect(commitsTo(made.hub)).toHaveLength(1);
  });

  it("goes to a branch, which is made from main", async () => {
    const made = await place();
    const folder = swapped();
    made.hub.add("me/model", { "README.md": "# main" });
    const published = await publish(made, folder, { branch: "swapped" });
    expect(published).toMatchObject({ branch: "swapped", isNew: false });
    expectPublished(made.hub, folder, "swapped");
    expect(contentOf(made.hub, "me/model")["README.md"]!.toString()).toBe("# main");
    await publish(made, folder, { branch: "swapped" });
    expect(made.hub.repository("me/model")!.branches.get("swapped")).not.toBe(published.commit);
  });

  it("becomes a pull request, also to a repository that the token may not write to", async () => {
    const made = await place();
    const folder = swapped();
    made.hub.add("other/model", { "README.md": "# theirs" }, { writable: false });
    const published = await publish(made, folder, { to: "other/model", pullRequest: true });
    expect(published.pullRequest).toMatch(/\/other\/model\/discussions\/1$/);
    expect(contentOf(made.hub, "other/model")["README.md"]!.toString()).toBe("# theirs");
    expect(Object.keys(contentOf(made.hub, "other/model", "refs/pr/1")).sort()).toEqual(
      filesIn(folder).sort(),
    );
    await expect(publish(made, folder, { to: "me/nothing", pullRequest: true })).rejects.toMatchObject({
      code: "hub_missing",
      message: "me/nothing does not exist: there is nothing to open a pull request against",
    });
  });

  it("is uploaded in parts where the Hub asks for parts, and put together right", async () => {
    const made = await place({ partBytes: 300_000 });
    const folder = swapped();
    await publish(made, folder);
    expectPublished(made.hub, folder);
    const parts = made.hub.requests.filter(({ path }) => path.startsWith("/upload/"));
    expect(parts.length).toBe(Math.ceil(statSync(join(folder, "model.safetensors")).size / 300_000));
    expect(made.hub.requests.filter(({ path }) => path.startsWith("/complete/"))).toHaveLength(1);
  });

  it("is not uploaded again where the Hub has its weights", async () => {
    const made = await place();
    const folder = swapped();
    await publish(made, folder);
    const before = made.hub.requests.length;
    await publish(made, folder, { to: "me/second" });
    expect(made.hub.requests.slice(before).filter(({ server }) => server === "storage")).toEqual([]);
    expect(contentOf(made.hub, "me/second")["model.safetensors"]!.length).toBe(
      statSync(join(folder, "model.safetensors")).size,
    );
  });

  it("in a dry run is checked and compared, and nothing is written", async () => {
    const made = await place();
    const folder = swapped();
    const first = await publish(made, folder, { dryRun: true, branch: "later" });
    expect(first).toMatchObject({ isNew: true, commit: null, pullRequest: null, branch: "later" });
    expect(made.hub.repository("me/model")).toBeUndefined();
    made.hub.add("me/model", { "vocab.txt": "old", "plot.png": "p" });
    const second = await publish(made, folder, { dryRun: true, branch: "later" });
    expect(second).toMatchObject({ isNew: false, deleted: ["vocab.txt"], kept: ["plot.png"] });
    expect(made.hub.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("reports hashing and uploading in bytes", async () => {
    const made = await place();
    const folder = swapped();
    await publish(made, folder);
    const { size } = statSync(join(folder, "model.safetensors"));
    for (const step of ["hash", "upload"]) {
      const progress = made.events.filter((event) => event.type === "progress" && event.step === step);
      expect(progress.at(-1)).toMatchObject({ done: size, total: size, unit: "bytes" });
    }
  });
});

describe("a folder that did not pass the gate, or is not what passed it", () => {
  const cases: [string, (folder: string) => void, RegExp][] = [
    [
      "has no report",
      (f) => rmSync(join(f, "revocab.json")),
      /has no revocab\.json: it did not pass the gate/,
    ],
    [
      "has another file of that name",
      (f) => writeFileSync(join(f, "revocab.json"), "[]"),
      /is no report of a swap/,
    ],
    ["has a report that is no JSON", (f) => writeFileSync(join(f, "revocab.json"), "{"), /is no JSON object/],
    [
      "has a report without a gate",
      (f) => edit(f, (report) => delete report.gate),
      /has not passed the gate/,
    ],
    [
      "has a report of no check",
      (f) => edit(f, (report) => (report.gate = { checks: [] })),
      /has not passed the gate/,
    ],
    [
      "has other weights",
      (f) => writeFileSync(join(f, "model.safetensors"), "x"),
      /has 1 bytes, but \d+ passed the gate/,
    ],
    [
      "has no weights",
      (f) => rmSync(join(f, "model.safetensors")),
      /has no model\.safetensors, which was there/,
    ],
    [
      "has another tokenizer",
      (f) => writeFileSync(join(f, "tokenizer.json"), "{}"),
      /tokenizer\.json .* has the sha256/,
    ],
    [
      "has another config",
      (f) => writeFileSync(join(f, "config.json"), "{}"),
      /^config\.json in .* has the sha256 \w{64}, but "\w{64}" passed the gate$/,
    ],
    ["has no config", (f) => rmSync(join(f, "config.json")), /has no config\.json, which was there/],
    [
      "has a report that names files outside",
      (f) => edit(f, (report) => Object.assign(report.contents as object, { "../../etc/passwd": "" })),
      /has no \.\.\/\.\.\/etc\/passwd/,
    ],
    [
      "has a report of an earlier version, without hashes of its configs",
      (f) => edit(f, (report) => delete report.contents),
      /does not say what its configs and its tokenizer were$/,
    ],
    ["has no card", (f) => rmSync(join(f, "README.md")), /has no README\.md, which was there/],
  ];
  const edit = (folder: string, change: (report: Record<string, unknown>) => void) => {
    const path = join(folder, "revocab.json");
    const report = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    change(report);
    writeFileSync(path, JSON.stringify(report));
  };

  it.each(cases)("is refused before any request when it %s", async (_, change, message) => {
    const made = await place();
    const folder = swapped();
    change(folder);
    await expect(publish(made, folder)).rejects.toMatchObject({
      code: "gate_failed",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(
        /^publish a folder as `swapTokenizer` or `applySavedPlan` wrote it: write it again/,
      ),
    });
    expect(made.hub.requests).toEqual([]);
  });

  it("is refused when its weights have the right length and no header", async () => {
    const made = await place();
    const folder = swapped();
    const path = join(folder, "model.safetensors");
    writeFileSync(path, Buffer.alloc(statSync(path).size, 1));
    await expect(publish(made, folder)).rejects.toMatchObject({ code: "bad_safetensors" });
    expect(made.hub.requests).toEqual([]);
  });

  it("is refused when the access token was written into it", async () => {
    const made = await place();
    const folder = swapped();
    mkdirSync(join(folder, "notes"));
    writeFileSync(join(folder, "notes/login.txt"), `export HF_TOKEN=${made.hub.token}\n`);
    const failure = await publish(made, folder).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("notes/login.txt"),
    });
    expect((failure as Error).message).not.toContain(made.hub.token);
    expect(made.hub.requests).toEqual([]);
  });
});

describe("what may not be published", () => {
  it("without a token, offline, or under a name that is none is refused before any request", async () => {
    const made = await place();
    const folder = swapped();
    const { token: _, ...anonymous } = made.options.settings;
    await expect(publish(made, folder, { settings: anonymous })).rejects.toMatchObject({
      code: "hub_denied",
    });
    const offline = { ...made.options.settings, offline: true };
    await expect(publish(made, folder, { settings: offline })).rejects.toMatchObject({ code: "bad_options" });
    for (const to of ["model", "me/model@main", "a/b/c", "me/..", "https://huggingface.co/me/model", ""]) {
      await expect(publish(made, folder, { to })).rejects.toMatchObject({
        code: "bad_options",
        message: `"${to}" is no name of a repository: OWNER/NAME was expected`,
      });
    }
    expect(made.hub.requests).toEqual([]);
  });

  it("with a token that may only read is refused before anything is written", async () => {
    const made = await place({ role: "read" });
    await expect(publish(made, swapped())).rejects.toMatchObject({
      code: "hub_denied",
      message: "the access token may only read",
    });
    expect(made.hub.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("under another's name is refused with what the Hub says", async () => {
    const made = await place();
    const folder = swapped();
    await expect(publish(made, folder, { to: "other/model" })).rejects.toMatchObject({
      code: "hub_denied",
      message: expect.stringMatching(
        /^creating other\/model failed: .* answered 403, "You don't have the rights/,
      ),
      hint: expect.stringContaining("write access"),
    });
    made.hub.add("other/theirs", {}, { writable: false });
    await expect(publish(made, folder, { to: "other/theirs" })).rejects.toMatchObject({
      code: "hub_denied",
      message: expect.stringMatching(/^publishing to other\/theirs failed: .* answered 403/),
    });
    expect(made.hub.repository("other/theirs")!.commits.size).toBe(1);
  });
});

it("a folder with files in folders, hidden files and links is published without the hidden ones", async () => {
  const made = await place();
  const folder = swapped();
  mkdirSync(join(folder, "extra"));
  cpSync(join(folder, "config.json"), join(folder, "extra/a file with ünïcode.json"));
  mkdirSync(join(folder, ".git"));
  writeFileSync(join(folder, ".git/config"), "secret");
  const { files } = await publish(made, folder);
  expect(files.map(({ path }) => path)).toContain("extra/a file with ünïcode.json");
  const content = contentOf(made.hub, "me/model");
  expect(Object.keys(content).filter((path) => path.startsWith(".git/"))).toEqual([]);
  expect(content["extra/a file with ünïcode.json"]!.equals(readFileSync(join(folder, "config.json")))).toBe(
    true,
  );
});
