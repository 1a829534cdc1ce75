import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type PublishOptions, publishFolder } from "@revocab/hub";
import type { Fault, LoopbackHub } from "@revocab/loopback-hub";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();

const publish = ({ options }: HubPlace, folder: string, more: Partial<PublishOptions> = {}) =>
  publishFolder({ ...options, folder, to: "me/model", ...more });
const status = (code: number, headers?: Record<string, string>): Fault => ({
  kind: "status",
  status: code,
  ...(headers && { headers }),
});
const commitsOf = (hub: LoopbackHub) => hub.repository("me/model")?.commits.size ?? 0;
const sentCommits = (hub: LoopbackHub) => hub.requests.filter(({ path }) => path.includes("/commit/")).length;

/** Everything of the folder is there, in one commit. */
function expectWhole(hub: LoopbackHub, folder: string): void {
  const { branches, commits } = hub.repository("me/model")!;
  const { files } = commits.get(branches.get("main")!)!;
  for (const name of readdirSync(folder)) {
    expect(readFileSync(files.get(name)!.place).equals(readFileSync(join(folder, name))), name).toBe(true);
  }
  expect(commits.size).toBe(2);
}

/** Nothing of the folder is there: the repository is as it was made, or is not there. */
function expectNothing(hub: LoopbackHub): void {
  expect(commitsOf(hub)).toBeLessThanOrEqual(1);
}

const STEPS: [string, RegExp][] = [
  ["whose token it is", /\/api\/whoami/],
  ["the repository", /\/api\/models\/me\/model\/revision/],
  ["creating it", /\/api\/repos\/create/],
  ["the listing", /\/tree\//],
  ["what to upload", /\/preupload\//],
  ["the batch of large files", /\/info\/lfs\/objects\/batch/],
  ["an upload", /^\/upload\//],
  ["the commit", /\/commit\//],
];

describe("a server that is busy", () => {
  it.each(STEPS)("at %s is asked again, and the folder arrives whole", async (_, path) => {
    const made = await place();
    const folder = swapped();
    made.hub.misbehave({ path, fault: status(429, { "Retry-After": "0" }) });
    made.hub.misbehave({ path, fault: status(503) });
    await publish(made, folder);
    expectWhole(made.hub, folder);
    expect(made.hub.complaints).toEqual([]);
  });

  it.each(STEPS)(
    "for good at %s is given up on, with what it said and nothing published",
    async (_, path) => {
      const made = await place();
      made.hub.misbehave({ path, times: 1000, fault: status(500) });
      const failure = await publish(made, swapped(), { attempts: 3 }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "hub_failed", message: expect.stringContaining("answered 500") });
      expect(made.hub.requests.length).toBeLessThan(20);
      expectNothing(made.hub);
    },
  );
});

describe("a server that refuses", () => {
  const cases = STEPS.flatMap(([name, path]) => [401, 403].map((code) => [code, name, path] as const));
  it.each(cases)("with %i at %s is asked once, and nothing is published", async (code, _, path) => {
    const made = await place();
    made.hub.misbehave({ path, times: 1000, fault: status(code) });
    await expect(publish(made, swapped())).rejects.toMatchObject({ code: "hub_denied" });
    expect(made.hub.requests.filter((request) => path.test(request.path))).toHaveLength(1);
    expectNothing(made.hub);
  });
});

describe("a connection that is cut", () => {
  it.each([1000, 200_000])(
    "after %i bytes of an upload is followed by another upload of the file",
    async (after) => {
      const made = await place();
      const folder = swapped();
      made.hub.misbehave({ path: /^\/upload\//, fault: { kind: "cut", after } });
      await publish(made, folder);
      expectWhole(made.hub, folder);
      const progress = made.events.filter((event) => event.type === "progress" && event.step === "upload");
      const { size } = statSync(join(folder, "model.safetensors"));
      expect(progress.at(-1)).toMatchObject({ done: size, total: size });
    },
  );

  it("in one part of many costs that part alone", async () => {
    const made = await place({ partBytes: 300_000 });
    const folder = swapped();
    made.hub.misbehave({ path: /^\/upload\/\w+\/3\?/, fault: { kind: "cut", after: 1000 } });
    await publish(made, folder);
    expectWhole(made.hub, folder);
    const parts = made.hub.requests.filter(({ path }) => path.startsWith("/upload/"));
    expect(parts.length).toBe(Math.ceil(statSync(join(folder, "model.safetensors")).size / 300_000) + 1);
  });

  it("for good leaves nothing published, and the message names the repository", async () => {
    const made = await place();
    made.hub.misbehave({ path: /^\/upload\//, times: 100, fault: { kind: "cut", after: 0 } });
    await expect(publish(made, swapped(), { attempts: 2 })).rejects.toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(/^publishing to me\/model failed: /),
    });
    expectNothing(made.hub);
  });
});

describe("a commit whose answer is lost", () => {
  it.each([undefined, 500, 504])("(%s) is found on the branch, and not made twice", async (code) => {
    const made = await place();
    const folder = swapped();
    const fault: Fault = { kind: "lose-answer", ...(code !== undefined && { status: code }) };
    made.hub.misbehave({ path: /\/commit\//, fault });
    const { commit } = await publish(made, folder);
    expect(commit).toBe(made.hub.repository("me/model")!.branches.get("main"));
    expectWhole(made.hub, folder);
    expect(sentCommits(made.hub)).toBe(1);
  });

  it("because it never arrived is sent again", async () => {
    const made = await place();
    const folder = swapped();
    made.hub.misbehave({ path: /\/commit\//, times: 2, fault: { kind: "cut", after: 0 } });
    await publish(made, folder);
    expectWhole(made.hub, folder);
    expect(sentCommits(made.hub)).toBe(3);
  });

  it("of a pull request is not sent again: no one can tell whether it was opened", async () => {
    const made = await place();
    made.hub.add("me/model", {});
    made.hub.misbehave({ path: /\/commit\//, fault: { kind: "lose-answer" } });
    await expect(publish(made, swapped(), { pullRequest: true })).rejects.toMatchObject({
      code: "hub_unreachable",
      message: "a pull request was sent, and the Hub did not say whether it was opened",
      hint: "look at the repository's page before publishing again",
    });
    expect(sentCommits(made.hub)).toBe(1);
  });

  it("and after which the Hub is silent is told as what it is", async () => {
    const made = await place();
    made.hub.misbehave({ path: /\/commit\//, fault: { kind: "lose-answer" } });
    const failure = publish(made, swapped(), {
      attempts: 2,
      job: {
        onProgress(event) {
          if (event.type !== "step" || event.step !== "commit") return;
          made.hub.misbehave({ path: /\/revision\//, times: 100, fault: status(503) });
        },
      },
    });
    await expect(failure).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringContaining("503"),
    });
  });
});

describe("a Hub that is silent after a commit", () => {
  it("is told of with the commit's address, so that it is not published again in vain", async () => {
    const made = await place();
    const folder = swapped();
    const failure = publish(made, folder, {
      attempts: 2,
      job: {
        onProgress(event) {
          if (event.type !== "step" || event.step !== "commit") return;
          made.hub.misbehave({ path: /\/revision\//, times: 100, fault: status(503) });
        },
      },
    });
    const { commit } = await failure.then(
      () => ({ commit: undefined }),
      (error: Error) => ({
        commit: /published as \S+\/me\/model\/commit\/([0-9a-f]{40}), but/.exec(error.message)?.[1],
      }),
    );
    expect(commit).toBe(made.hub.repository("me/model")!.branches.get("main"));
    expectWhole(made.hub, folder);
  });
});

describe("a branch that moves while files are uploaded", () => {
  it("is not overwritten: the other commit stays, and the message names it", async () => {
    const made = await place();
    const other = "1234567890123456789012345678901234567890";
    const failure = publish(made, swapped(), {
      job: {
        onProgress(event) {
          if (event.type !== "step" || event.step !== "commit") return;
          const { branches, commits } = made.hub.repository("me/model")!;
          commits.set(other, { ...commits.get(branches.get("main")!)!, oid: other });
          branches.set("main", other);
        },
      },
    });
    await expect(failure).rejects.toMatchObject({
      code: "hub_failed",
      message: `main of me/model has moved to ${other.slice(0, 12)} meanwhile`,
    });
    expect(made.hub.repository("me/model")!.branches.get("main")).toBe(other);
  });
});

describe("a commit that does not hold what was sent", () => {
  it("is found out by looking afterwards", async () => {
    const made = await place();
    const folder = swapped();
    const failure = publish(made, folder, {
      job: {
        onProgress(event) {
          if (event.type !== "step" || event.step !== "commit") return;
          const { commits } = made.hub.repository("me/model")!;
          const { set } = commits;
          commits.set = (oid, commit) => {
            const files = new Map(commit.files);
            files.delete("config.json");
            files.set("README.md", { ...files.get("README.md")!, oid: "0".repeat(40) });
            files.set("revocab.json", { ...files.get("revocab.json")!, size: 3 });
            return set.call(commits, oid, { ...commit, files });
          };
        },
      },
    });
    const { size } = statSync(join(folder, "revocab.json"));
    await expect(failure).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringContaining(
        `README.md has another content there; config.json is missing; revocab.json has 3 bytes there and ${size} here`,
      ),
    });
  });
});

describe("a job that is stopped", () => {
  const moments = ["ask the Hub what to upload", "upload large files", "hash", "upload", "commit"];
  it.each(moments)("at the step %s leaves no commit", async (moment) => {
    const made = await place();
    const abort = new AbortController();
    const stopped = publish(made, swapped(), {
      job: {
        abortSignal: abort.signal,
        onProgress(event) {
          if (event.type !== "note" && event.step === moment) abort.abort();
        },
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sentCommits(made.hub)).toBe(0);
    expectNothing(made.hub);
  });

  it.each([false, true])(
    "while it waits to send its commit again (a pull request: %s) leaves no commit",
    async (pullRequest) => {
      const made = await place();
      made.hub.add("me/model", {});
      const abort = new AbortController();
      const fault: Fault = status(429, { "Retry-After": "60" });
      made.hub.misbehave({ path: /\/commit\//, fault });
      const stopped = publish(made, swapped(), {
        pullRequest,
        job: {
          abortSignal: abort.signal,
          onProgress(event) {
            if (event.type === "note") setTimeout(() => abort.abort(), 20);
          },
        },
      });
      await expect(stopped).rejects.toMatchObject({ code: "aborted" });
      expect(sentCommits(made.hub)).toBe(1);
      expectNothing(made.hub);
    },
  );

  it("before it began asks nothing of the Hub", async () => {
    const made = await place();
    await expect(
      publish(made, swapped(), { job: { abortSignal: AbortSignal.abort() } }),
    ).rejects.toMatchObject({
      code: "aborted",
    });
    expect(made.hub.requests).toEqual([]);
  });

  it("while its commit is on the way is told that it was made", async () => {
    const made = await place();
    const folder = swapped();
    const abort = new AbortController();
    made.hub.misbehave({ path: /\/commit\//, fault: { kind: "delay", milliseconds: 200 } });
    const published = publish(made, folder, { job: { abortSignal: abort.signal } });
    while (sentCommits(made.hub) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    expect((await published).commit).toMatch(/^[0-9a-f]{40}$/);
    expectWhole(made.hub, folder);
  });
});
