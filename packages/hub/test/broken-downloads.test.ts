import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { reservePath } from "@revocab/files/internal";
import { resolveModel } from "@revocab/hub";
import type { Fault } from "@revocab/loopback-hub";
import { leftByKilledRun } from "@revocab/test-support/left-by-killed-run";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces, sampleFiles } from "./hub-place.ts";

const place = hubPlaces();
const WEIGHTS = readFileSync(join(SAMPLE_MODEL, "model.safetensors"));

/** A Hub with the sample model. */
async function withModel(): Promise<HubPlace> {
  const made = await place();
  made.hub.add("org/small-model", sampleFiles());
  return made;
}

const download = ({ options }: HubPlace) => resolveModel("org/small-model", { ...options, want: "model" });
const blobsOf = ({ cache }: HubPlace) => join(cache, "models--org--small-model/blobs");
const leftOvers = (made: HubPlace) =>
  existsSync(blobsOf(made)) ? readdirSync(blobsOf(made)).filter((name) => name.endsWith(".incomplete")) : [];
const weightRequests = ({ hub }: HubPlace) => hub.requests.filter(({ path }) => path.startsWith("/read/"));

/** What the Hub lists of the weights, once the small files are in the cache. */
async function weightsListed({ hub, options }: HubPlace) {
  const { repository } = await resolveModel("org/small-model", { ...options, want: "tokenizer" });
  const { commits } = hub.repository("org/small-model")!;
  return commits.get(repository!.commit)!.files.get("model.safetensors")!;
}

describe("a connection that is cut in the middle of a body", () => {
  it("is followed by another, which brings the rest and nothing twice", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "cut", after: 700_000 } });
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    const [first, second] = weightRequests(made);
    expect(first).toMatchObject({ range: undefined, sent: 700_000 });
    const start = Number(/^bytes=(\d+)-/.exec(second!.range!)![1]);
    expect(start).toBeGreaterThan(0);
    expect(start).toBeLessThanOrEqual(700_000);
    expect(second!.sent).toBe(WEIGHTS.length - start);
    expect(leftOvers(made)).toEqual([]);
  });

  it("again and again without a byte is given up on; what came is kept, and the next attempt goes on from there", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "cut", after: 700_000 } });
    made.hub.misbehave({ path: /^\/read\//, times: 50, fault: { kind: "cut", after: 0 } });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(
        /^downloading model\.safetensors of org\/small-model failed: .* could not be reached/,
      ),
    });
    const [left] = leftOvers(made);
    expect(left).toMatch(/^[0-9a-f]{64}\.incomplete$/);
    const kept = statSync(join(blobsOf(made), left!)).size;
    expect(kept).toBeGreaterThan(0);

    const server = await place();
    server.hub.add("org/small-model", sampleFiles());
    const settings = { ...server.options.settings, cacheDirectory: made.cache };
    const again = await resolveModel("org/small-model", { ...server.options, settings, want: "model" });
    expect(weightRequests(server)[0]!.range).toBe(`bytes=${kept}-${WEIGHTS.length - 1}`);
    expect(again.received().bytes).toBe(WEIGHTS.length - kept);
    expect(readFileSync(join(again.directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    expect(leftOvers(made)).toEqual([]);
  });
});

describe("what an earlier attempt left", () => {
  it("of a killed process is taken over; of a living one it is left alone", async () => {
    const made = await withModel();
    const { cache } = await download(made).then(() => made);
    const blobs = join(cache, "models--org--small-model/blobs");
    const blob = readdirSync(blobs).find((name) => name.length === 64)!;
    const other = await place();
    other.hub.add("org/small-model", sampleFiles());
    const place2 = join(other.cache, "models--org--small-model/blobs");
    await resolveModel("org/small-model", { ...other.options, want: "tokenizer" });
    const names = { folder: place2, before: `${blob}.`, after: ".incomplete" };
    const living = await reservePath(names);
    writeFileSync(living.path, "of another download of this process");
    writeFileSync(leftByKilledRun(names), WEIGHTS.subarray(0, 1000));
    await download(other);
    expect(weightRequests(other)[0]!.range).toBe(`bytes=1000-${WEIGHTS.length - 1}`);
    expect(leftOvers(other)).toEqual([basename(living.path)]);
    await living.release();
    expect(readdirSync(place2).filter((name) => name.includes("incomplete"))).toEqual([
      basename(living.path),
    ]);
  });

  it("of an earlier version is taken over once it is sure that none writes it", async () => {
    const made = await withModel();
    const { sha256 } = await weightsListed(made);
    const [old, recent] = ["0123abcd", "0123abce"].map((end) => `${sha256}.999999999-${end}.incomplete`);
    for (const name of [old!, recent!]) {
      writeFileSync(join(blobsOf(made), name), WEIGHTS.subarray(0, 1000));
    }
    utimesSync(join(blobsOf(made), old!), 0, 0);
    await download(made);
    expect(weightRequests(made)[0]!.range).toBe(`bytes=1000-${WEIGHTS.length - 1}`);
    expect(leftOvers(made)).toEqual([recent]);
  });

  it("and is still written to by a run that was taken for ended is downloaded from its start", async () => {
    const made = await withModel();
    const { sha256 } = await weightsListed(made);
    const partial = join(blobsOf(made), `${sha256}.incomplete`);
    writeFileSync(partial, WEIGHTS.subarray(0, 1000));
    const other = openSync(partial, "a");
    let hasWritten = false;
    const { directory } = await resolveModel("org/small-model", {
      ...made.options,
      want: "model",
      job: {
        onProgress(event) {
          const isReceiving =
            event.type === "progress" && event.total === WEIGHTS.length && event.done > 1000;
          if (!isReceiving || hasWritten) return;
          hasWritten = true;
          writeSync(other, "late");
        },
      },
    });
    closeSync(other);
    expect(hasWritten).toBe(true);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    expect(weightRequests(made).map(({ range }) => range)).toEqual([
      `bytes=1000-${WEIGHTS.length - 1}`,
      undefined,
    ]);
  });

  it.each([
    ["damaged", Buffer.alloc(500_000, 7)],
    ["longer than the file", Buffer.alloc(WEIGHTS.length + 1)],
    ["as long as the file, but another", Buffer.alloc(WEIGHTS.length)],
  ])("and is %s is found out by the hash, and the file is downloaded from its start", async (_, content) => {
    const made = await withModel();
    const { sha256 } = await weightsListed(made);
    writeFileSync(join(blobsOf(made), `${sha256}.incomplete`), content);
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    expect(leftOvers(made)).toEqual([]);
  });
});

describe("content that is not what the repository lists", () => {
  it("never takes its place: the hashes are named, and nothing of it is kept", async () => {
    for (const path of [/^\/read\//, /\/resolve\/.*\/config\.json/]) {
      const made = await withModel();
      made.hub.misbehave({ path, fault: { kind: "corrupt" } });
      const failure = await download(made).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: "hub_damaged",
        message: expect.stringMatching(
          /^(model\.safetensors|config\.json) of org\/small-model came with the (sha256|git-sha1) [0-9a-f]+, but the Hub lists [0-9a-f]+$/,
        ),
      });
      const hash = /lists (\w+)$/.exec((failure as Error).message)![1]!;
      expect(readdirSync(blobsOf(made)).filter((name) => name.startsWith(hash))).toEqual([]);
      expect(existsSync(join(made.cache, "models--org--small-model/refs/main"))).toBe(false);
      const { directory } = await download(made);
      expect(leftOvers(made)).toEqual([]);
      expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    }
  });

  it("is refused before a byte of it when the ETag names another version", async () => {
    const made = await withModel();
    made.hub.misbehave({
      path: /\/resolve\/.*\/model\.safetensors/,
      fault: { kind: "etag", etag: `"${"f".repeat(64)}"` },
    });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(
        /^the server has model\.safetensors of org\/small-model with the hash f{64}, but/,
      ),
    });
    expect(weightRequests(made).reduce((sum, { sent }) => sum + sent, 0)).toBe(0);
  });
});

describe("a server that answers a range", () => {
  it("with less is asked for the rest", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "cut", after: 1000 } });
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "shorten", by: 5000 } });
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    expect(weightRequests(made).map(({ range }) => range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d+-\d+$/),
      `bytes=${WEIGHTS.length - 5000}-${WEIGHTS.length - 1}`,
    ]);
  });

  it("with the whole file is refused, and the next attempt starts anew", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "cut", after: 1000 } });
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "ignore-range" } });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringContaining("were asked for, and the server answered 200 with no range"),
    });
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
  });
});

describe("a server that is busy or has a fault", () => {
  const status = (code: number, headers?: Record<string, string>): Fault => ({
    kind: "status",
    status: code,
    ...(headers && { headers }),
  });

  it.each([429, 500, 502, 503, 504])("answers %i and is asked again", async (code) => {
    const made = await withModel();
    made.hub.misbehave({ path: /\/api\/models/, times: 2, fault: status(code) });
    made.hub.misbehave({ path: /\/resolve\//, fault: status(code) });
    made.hub.misbehave({ path: /^\/read\//, fault: status(code) });
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    const notes = made.events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(notes[0]).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:\\d+ answered ${code}; attempt 2 of 5 in \\d+\\.\\d s$`),
    );
  });

  it("is waited for as long as Retry-After says", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /\/api\/models/, fault: status(429, { "Retry-After": "1" }) });
    const start = performance.now();
    await download(made);
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  it("and asks for an hour is not waited for", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /\/api\/models/, fault: status(429, { "Retry-After": "3600" }) });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(
        /^looking up org\/small-model@main failed: .* answered 429, "the server was told/,
      ),
      hint: "too many requests: wait some minutes, and set HF_TOKEN",
    });
  });

  it("for good is given up on after five attempts", async () => {
    const made = await withModel();
    made.hub.misbehave({ path: /\/api\/models/, times: 100, fault: status(500) });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(/^looking up org\/small-model@main failed: .* answered 500/),
    });
    expect(made.hub.requests).toHaveLength(5);
  });

  it("that is not there is named, and offline mode as a way out", async () => {
    const made = await withModel();
    await made.hub.close();
    await expect(
      resolveModel("org/small-model", { ...made.options, attempts: 2, want: "model" }),
    ).rejects.toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(
        /^looking up org\/small-model@main failed: http:\/\/127.* could not be reached: .*ECONNREFUSED/,
      ),
      hint: expect.stringContaining("HF_HUB_OFFLINE=1"),
    });
  });

  it("whose name no one knows is asked once: someone who meant a folder does not wait", async () => {
    const made = await withModel();
    const settings = { ...made.options.settings, endpoint: "http://no-such-host.invalid" };
    const options = { ...made.options, settings, firstDelay: 60_000 };
    await expect(resolveModel("models/llama", { ...options, want: "model" })).rejects.toMatchObject({
      code: "hub_unreachable",
      hint: expect.stringMatching(
        /; there is no folder models\/llama here, so it was taken for a repository$/,
      ),
    });
    expect(made.events.filter(({ type }) => type === "note")).toEqual([]);
  });
});

describe("what may not be seen", () => {
  it.each([
    [401, "hub_denied", /HF_TOKEN/],
    [403, "hub_denied", /accept the model's terms/],
    [404, "hub_missing", /check the name and the revision/],
  ])("answers %i once, and is not asked again", async (status, code, hint) => {
    const made = await withModel();
    made.hub.misbehave({ path: /\/resolve\//, times: 100, fault: { kind: "status", status } });
    await expect(download(made)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(
        new RegExp(`^downloading \\S+ of org/small-model at [0-9a-f]{12} failed: .* answered ${status}`),
      ),
      hint: expect.stringMatching(hint),
    });
    expect(leftOvers(made)).toEqual([]);
  });

  it("a private repository is seen with the token, and without one it does not exist", async () => {
    const made = await place();
    made.hub.add("me/secret", sampleFiles(), { private: true });
    await resolveModel("me/secret", { ...made.options, want: "tokenizer" });
    const { token: _, ...anonymous } = made.options.settings;
    await expect(
      resolveModel("me/secret", { ...made.options, settings: anonymous, want: "tokenizer" }),
    ).rejects.toMatchObject({
      code: "hub_denied",
      hint: expect.stringContaining("set HF_TOKEN or run hf auth login"),
    });
    await expect(resolveModel("me/nothing", { ...made.options, want: "tokenizer" })).rejects.toMatchObject({
      code: "hub_missing",
      message: expect.stringContaining('answered 404, "Repository not found'),
    });
    await expect(resolveModel("me/secret@v9", { ...made.options, want: "tokenizer" })).rejects.toMatchObject({
      code: "hub_missing",
      message: expect.stringMatching(
        /^looking up me\/secret@v9 failed: .* answered 404, "Invalid rev id: v9/,
      ),
    });
  });

  it("the token goes to the Hub alone: not to the storage it redirects to", async () => {
    const made = await withModel();
    await download(made);
    const hubRequests = made.hub.requests.filter(({ server }) => server === "hub");
    expect(hubRequests.every(({ authorized }) => authorized)).toBe(true);
    expect(weightRequests(made).some(({ authorized }) => authorized)).toBe(false);
    expect(made.hub.complaints).toEqual([]);
  });
});

describe("a job that is stopped", () => {
  it("stops in the middle of a file, says so, and the next goes on from there", async () => {
    const made = await withModel();
    const abort = new AbortController();
    const stopped = resolveModel("org/small-model", {
      ...made.options,
      want: "model",
      job: {
        abortSignal: abort.signal,
        onProgress(event) {
          if (event.type === "progress" && event.total > 1e6 && event.done > 200_000) abort.abort();
        },
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).equals(WEIGHTS)).toBe(true);
    expect(leftOvers(made)).toEqual([]);
    expect(weightRequests(made).at(-1)!.range).toMatch(/^bytes=\d+-/);
  });

  it("does not wait for a server it was told to be patient with", async () => {
    const made = await withModel();
    const fault: Fault = { kind: "status", status: 429, headers: { "Retry-After": "60" } };
    made.hub.misbehave({ path: /\/api\/models/, fault });
    const start = performance.now();
    const abortSignal = AbortSignal.timeout(100);
    await expect(
      resolveModel("org/small-model", { ...made.options, want: "model", job: { abortSignal } }),
    ).rejects.toMatchObject({
      code: "aborted",
    });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("a listing that would write outside the cache", () => {
  it.each(["../../evil.json", "a/../../b", "/etc/passwd", "a\\..\\b"])("is refused: %s", async (path) => {
    const made = await place();
    made.hub.add("org/evil", { ...sampleFiles(), [path]: "{}" });
    await expect(resolveModel("org/evil", { ...made.options, want: "model" })).rejects.toMatchObject({
      code: "hub_failed",
      message: `the Hub lists a file named ${JSON.stringify(path)} for org/evil`,
    });
    expect(existsSync(blobsOf(made))).toBe(false);
  });
});
