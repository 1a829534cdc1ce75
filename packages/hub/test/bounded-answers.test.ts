import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publishFolder, resolveModel } from "@revocab/hub";
import type { Fault } from "@revocab/loopback-hub";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces, sampleFiles } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();

async function withModel(limits: HubPlace["options"]["limits"]): Promise<HubPlace> {
  const made = await place();
  made.hub.add("org/small-model", sampleFiles());
  return { ...made, options: { ...made.options, limits: limits! } };
}

const download = ({ options }: HubPlace) => resolveModel("org/small-model", { ...options, want: "model" });
const notes = ({ events }: HubPlace) =>
  events.flatMap((event) => (event.type === "note" ? [event.message] : []));
const EVER = Number.POSITIVE_INFINITY;

describe("an answer that has no end", () => {
  it.each([
    ["of the API", /\/revision\//, 200],
    ["that is a listing", /\/tree\//, 200],
    ["that is an error", /\/revision\//, 400],
    ["that is an error for a file", /\/resolve\//, 400],
  ])("(%s) is read up to its bound, decompressed, and refused", async (_, path, status) => {
    const made = await withModel({});
    // 2 GB: held in memory, this test would not survive it
    made.hub.misbehave({ path, fault: { kind: "bomb", bytes: 2e9, status } });
    const before = process.memoryUsage().rss;
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(
        status === 200 ? /answered with more than 32000000 bytes$/ : /answered 400/,
      ),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
  });

  it("in the place of a file is cut where the file ends, and found out by its hash", async () => {
    const made = await withModel({});
    made.hub.misbehave({ path: /\/resolve\/.*config\.json/, fault: { kind: "bomb", bytes: 2e9 } });
    await expect(download(made)).rejects.toMatchObject({ code: "hub_damaged" });
  });
});

describe("a listing that has no end", () => {
  const endless = (made: HubPlace) => {
    const commit = [...made.hub.repository("org/small-model")!.commits.keys()][0]!;
    const href = `${made.hub.url}/api/models/org/small-model/tree/${commit}?cursor=1000`;
    made.hub.misbehave({ path: /\/tree\//, times: EVER, fault: { kind: "next-page", href } });
  };

  it("in pages is given up on", async () => {
    const made = await withModel({ pages: 20 });
    endless(made);
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_failed",
      message: "the Hub lists more than 20 pages of files for org/small-model",
    });
    expect(made.hub.requests.filter(({ path }) => path.includes("/tree/"))).toHaveLength(20);
  });

  it("in entries is given up on, folders counted", async () => {
    const made = await withModel({ entries: 50 });
    const body = JSON.stringify(Array.from({ length: 51 }, (_, i) => ({ type: "directory", path: `${i}` })));
    made.hub.misbehave({ path: /\/tree\//, fault: { kind: "answer", body } });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_failed",
      message: "the Hub lists more than 50 files for org/small-model",
    });
  });

  it("goes on whatever else the header says", async () => {
    const made = await withModel({});
    const [commit] = made.hub.repository("org/small-model")!.commits.keys();
    const next = `/api/models/org/small-model/tree/${commit}?recursive=true`;
    for (const link of [
      `<${next}>; rel="next"`,
      `<${next}>;rel=next`,
      `<http://elsewhere/>; rel="prev", <${next}>; title="more"; rel="last next"`,
    ]) {
      const before = made.hub.requests.length;
      const fault: Fault = { kind: "answer", body: "[]", headers: { Link: link } };
      made.hub.misbehave({ path: /\/tree\//, fault });
      await download(made);
      expect(
        made.hub.requests.slice(before).some(({ path }) => path === next),
        link,
      ).toBe(true);
    }
    const fault: Fault = { kind: "answer", body: "[]", headers: { Link: `<${next}>; rel="nextdoor"` } };
    made.hub.misbehave({ path: /\/tree\//, fault });
    await expect(download(made)).rejects.toMatchObject({ code: "hub_missing" });
  });

  it("of several pages is read as one", async () => {
    const made = await place({ pageSize: 2 });
    made.hub.add("org/small-model", sampleFiles());
    const { directory } = await download(made);
    expect(readFileSync(join(directory, "model.safetensors")).length).toBeGreaterThan(1e6);
  });
});

describe("a server that does not answer", () => {
  it("is asked again, and then given up on", async () => {
    const made = await withModel({ answerTime: 300 });
    made.hub.misbehave({ path: /\/revision\//, fault: { kind: "silent" } });
    await download(made);
    expect(notes(made)[0]).toMatch(/^127\.0\.0\.1:\d+ came to a standstill; attempt 2 of 5 in/);

    made.hub.misbehave({ path: /\/revision\//, times: EVER, fault: { kind: "silent" } });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(
        /^looking up org\/small-model@main failed: 127\.0\.0\.1:\d+ did not answer within 0\.3 s$/,
      ),
      hint: expect.stringContaining("try again later"),
    });
  });

  it("a commit is not sent again in vain: the branch is looked at", async () => {
    const made = await withModel({ workTime: 1500 });
    made.hub.misbehave({ path: /\/commit\//, fault: { kind: "silent" } });
    const folder = swapped();
    const { commit } = await publishFolder({ ...made.options, folder, to: "me/model" });
    expect(commit).toBe(made.hub.repository("me/model")!.branches.get("main"));
    expect(made.hub.repository("me/model")!.commits.size).toBe(2);
  });
});

describe("a body that hardly comes", () => {
  const limits = { stallTime: 100, lowestRate: 1e6 };
  const trickle: Fault = { kind: "trickle", milliseconds: 2 };

  it("is asked for again from where it stalled, and nothing that came is lost", async () => {
    const made = await withModel(limits);
    made.hub.misbehave({ path: /^\/read\//, times: 2, fault: trickle });
    const { directory } = await download(made);
    const weights = readFileSync(join(SAMPLE_MODEL, "model.safetensors"));
    expect(readFileSync(join(directory, "model.safetensors")).equals(weights)).toBe(true);
    const ranges = made.hub.requests
      .filter(({ path }) => path.startsWith("/read/"))
      .map(({ range }) => range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1)).toEqual([
      expect.stringMatching(/^bytes=[1-9]/),
      expect.stringMatching(/^bytes=[1-9]/),
    ]);
  });

  it("is given up on, though every connection brings a few bytes; they are kept for the next attempt", async () => {
    const made = await withModel(limits);
    made.hub.misbehave({ path: /^\/read\//, times: EVER, fault: trickle });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(
        /^downloading model\.safetensors of org\/small-model from byte [1-9]\d* of \d+ failed: \S+ sent fewer than 1000000 bytes a second for 0\.1 s$/,
      ),
    });
    const blobs = readdirSync(join(made.cache, "models--org--small-model/blobs"));
    expect(blobs.filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
  });

  it.each([/\/revision\//, /\/tree\//])(
    "of the API is asked for again, and given up on: %s",
    async (path) => {
      const made = await withModel(limits);
      made.hub.misbehave({ path, times: 2, fault: trickle });
      await download(made);
      made.hub.misbehave({ path, times: EVER, fault: trickle });
      await expect(download(made)).rejects.toMatchObject({
        code: "hub_unreachable",
        message: expect.stringMatching(/^looking up .* sent fewer than 1000000 bytes a second for 0\.1 s$/),
      });
    },
  );

  it("and breaks after a byte each time is given up on as well", async () => {
    const made = await withModel({});
    made.hub.misbehave({ path: /^\/read\//, times: EVER, fault: { kind: "cut", after: 1 } });
    await expect(download(made)).rejects.toMatchObject({ code: "hub_unreachable" });
    expect(made.hub.requests.filter(({ path }) => path.startsWith("/read/")).length).toBeLessThan(10);
  });
});

describe("a server that is busy", () => {
  it("is asked no more once the time for one request is spent, however many attempts are left", async () => {
    const made = await withModel({ patience: 300 });
    made.hub.misbehave({ path: /\/revision\//, times: EVER, fault: { kind: "status", status: 503 } });
    await expect(
      resolveModel("org/small-model", { ...made.options, attempts: 1e6, firstDelay: 50, want: "model" }),
    ).rejects.toMatchObject({ code: "hub_failed", message: expect.stringContaining("answered 503") });
    expect(made.hub.requests.length).toBeLessThan(10);
  });

  it.each(["3600", "99999999999999999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "and asks for more patience than there is (%s) is not waited for",
    async (patience) => {
      const made = await withModel({});
      const fault: Fault = { kind: "status", status: 429, headers: { "Retry-After": patience } };
      made.hub.misbehave({ path: /\/revision\//, fault });
      await expect(download(made)).rejects.toMatchObject({ code: "hub_failed" });
      expect(made.hub.requests).toHaveLength(1);
    },
  );
});

describe("an answer that is none", () => {
  it.each([304, 302, 300, 600, 999])(
    "(status %i) is asked for once and called what it is",
    async (status) => {
      const made = await withModel({});
      made.hub.misbehave({ path: /\/revision\//, times: EVER, fault: { kind: "answer", status, body: "" } });
      await expect(download(made)).rejects.toMatchObject({
        code: "hub_failed",
        message: expect.stringMatching(new RegExp(`answered ${status}, which is no answer to this request$`)),
      });
      expect(made.hub.requests).toHaveLength(1);
    },
  );

  it.each([
    ["no JSON", /\/tree\//, "<html>"],
    ["no list", /\/tree\//, "{}"],
    ["null for a model", /\/revision\//, "null"],
    ["no JSON for a model", /\/revision\//, "{"],
    ["a commit that is none", /\/revision\//, '{"sha": "main"}'],
  ])("(%s) is called what it is", async (_, path, body) => {
    const made = await withModel({});
    made.hub.misbehave({ path, fault: { kind: "answer", body } });
    await expect(download(made)).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(/is no listing|is no answer to it|lists no commit/),
    });
  });
});
