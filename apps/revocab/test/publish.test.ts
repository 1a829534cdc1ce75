import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { contentOf } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { expectDone, hubForEachTest, swappedSample } from "./hub-of-test.ts";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

const at = hubForEachTest();
const swappedOnce = swappedSample();
const run = (...args: string[]) => inProcess(args, { env: at.env });
const runProcess = (...args: string[]) => revocab(args, { env: at.env });

describe("publish", () => {
  /** A copy of a swap of the sample. */
  function swapped(): string {
    const out = join(at.folder, "out");
    cpSync(swappedOnce, out, { recursive: true });
    return out;
  }
  const published = (name: string, branch = "main") => {
    const { commits, branches } = at.hub.repository(name)!;
    const { files } = commits.get(branches.get(branch)!)!;
    const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
    return Object.fromEntries([...files].map(([path, { place }]) => [path, hash(place)]));
  };

  it("puts a folder on the Hub and says where it is", async () => {
    const out = swapped();
    const dry = await run("publish", out, "--to", "me/model", "--private", "--dry-run");
    expect(expectDone(dry)).toMatch(
      /would go to me\/model, a new repository\nNothing was published \(--dry-run\)\n$/,
    );
    expect(at.hub.repository("me/model")).toBeUndefined();

    const finished = await runProcess("publish", out, "--to", "me/model", "--private", "--title", "A swap");
    expect(expectDone(finished)).toMatch(
      /\d files, [\d,]+ bytes to me\/model, a new repository\n(.*\n)?Published as [0-9a-f]{12}: http.*\/me\/model\n$/s,
    );
    expect(finished.stderr).toMatch(/upload: .* MB\n/);
    const { ".gitattributes": _, ...files } = published("me/model");
    expect(files).toEqual(contentOf(out));
    const repository = at.hub.repository("me/model")!;
    expect(repository.private).toBe(true);
    expect(repository.commits.get(at.commitOf("me/model"))!.title).toBe("A swap");
    expect(at.hub.complaints).toEqual([]);
  });

  it("opens pull requests, commits to branches, and gives its result as JSON", async () => {
    const out = swapped();
    at.hub.add("me/model", {});
    const branch = await run("publish", out, "--to", "me/model", "--branch", "v2", "--json");
    expect(JSON.parse(expectDone(branch))).toMatchObject({ branch: "v2", isNew: false, pullRequest: null });
    expect(published("me/model", "v2")).toEqual(contentOf(out));
    const pull = await run("publish", out, "--to", "me/model", "--pull-request");
    expect(expectDone(pull)).toMatch(/\nOpened http:.*\/discussions\/1\n$/);
    expect(published("me/model")).toEqual({});
  });

  it("follows a swap with --publish", async () => {
    const out = join(at.folder, "out");
    const finished = await run(
      ...["swap", "org/small-model", "--tokenizer", "org/new-tokenizer"],
      ...["--out", out, "--publish", "me/swapped"],
    );
    expect(expectDone(finished)).toMatch(/Published as [0-9a-f]{12}: http/);
    const { ".gitattributes": _, ...files } = published("me/swapped");
    expect(files).toEqual(contentOf(out));
  });

  it("is waited for at Ctrl-C once its commit is on its way, and ended by a second one", async () => {
    const out = swapped();
    at.hub.misbehave({ path: /\/commit\//, times: 2, fault: { kind: "delay", milliseconds: 3000 } });
    const interrupted = (name: string, pauses: readonly number[]) => {
      const before = at.hub.requests.length;
      return revocab(["publish", out, "--to", name], {
        env: at.env,
        onStart: async (child) => {
          while (!at.hub.requests.slice(before).some(({ path }) => path.includes("/commit/")))
            await setTimeout(20);
          for (const pause of pauses) {
            await setTimeout(pause);
            child.kill("SIGINT");
          }
        },
      });
    };
    expect(expectDone(await interrupted("me/model", [0]))).toMatch(/Published as/);
    expect(await interrupted("me/other", [0, 200])).toMatchObject({ code: 130, stdout: "" });
  });

  it("after a swap fails with the place of the model and the command that tries again", async () => {
    const out = join(at.folder, "out");
    at.hub.misbehave({ path: /\/commit\//, times: 99, fault: { kind: "status", status: 403 } });
    const finished = await run(
      ...["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER],
      ...["--out", out, "--publish", "me/swapped", "--quiet"],
    );
    expect(finished.code).toBe(1);
    expectOneFailure(
      finished,
      /the model is in .*\/out, but it was not published: publishing to me\/swapped failed: .* 403/,
    );
    expect(finished.stderr).toMatch(/; then revocab publish .*\/out --to me\/swapped\n$/);
    expect(statSync(join(out, "model.safetensors")).size).toBeGreaterThan(1e6);
  });

  it("is prepared before a swap: without a token nothing is swapped", async () => {
    const out = join(at.folder, "out");
    const args = [
      ...["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER],
      ...["--out", out, "--publish", "me/x", "--quiet"],
    ];
    const finished = await inProcess(args, { env: { ...at.env, HF_TOKEN: "" } });
    expectOneFailure(finished, /^revocab: publishing needs an access token, and there is none/);
    expect(readdirSync(at.folder)).not.toContain("out");
  });

  it("refuses what looks like a secret or was changed, and takes it when it is named", async () => {
    const out = swapped();
    writeFileSync(join(out, "id_rsa"), "an example of a key");
    writeFileSync(join(out, "generation_config.json"), "{}");
    const changed = await run("publish", out, "--to", "me/model", "--quiet");
    expectOneFailure(changed, /generation_config\.json in .* passed the gate/);
    expect(changed.stderr).toContain("--allow-file generation_config.json");
    const secret = await run(
      ...["publish", out, "--to", "me/model", "--quiet"],
      ...["--allow-file", "generation_config.json"],
    );
    expectOneFailure(secret, /id_rsa is named like a private key; nothing was published/);
    expect(at.hub.requests).toEqual([]);
    const finished = await run(
      ...["publish", out, "--to", "me/model", "--json"],
      ...["--allow-file", "generation_config.json", "--allow-file", "id_rsa"],
    );
    expect(JSON.parse(expectDone(finished)).files.map(({ path }: { path: string }) => path)).toContain(
      "id_rsa",
    );
  });

  it("after a swap looks at what it carried, and names the command that publishes it all the same", async () => {
    const model = join(at.folder, "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    writeFileSync(join(model, "token"), "carried on purpose");
    const swap = (out: string, ...more: string[]) =>
      run(
        ...["swap", model, "--tokenizer", SAMPLE_TOKENIZER, "--carry", "token", "--quiet"],
        ...["--out", join(at.folder, out), "--publish", "me/swapped", ...more],
      );
    const refused = await swap("one");
    expectOneFailure(refused, /it was not published: .*: token is named like an access token/);
    expect(refused.stderr).toMatch(/--allow-file token; then revocab publish .*\/one --to me\/swapped\n$/);
    expect(expectDone(await swap("two", "--allow-file", "token"))).toMatch(/Published as/);
    const alone = await run(
      "swap",
      model,
      "--tokenizer",
      SAMPLE_TOKENIZER,
      "--out",
      "x",
      "--allow-file",
      "a",
    );
    expectOneFailure(alone, /--allow-file was given without --publish/);
  });

  it("refuses a model folder that revocab did not write", async () => {
    const finished = await run("publish", SAMPLE_MODEL, "--to", "me/model", "--quiet");
    expect(finished.code).toBe(1);
    expectOneFailure(finished, /has no revocab\.json: it did not pass the gate/);
    expect(at.hub.requests).toEqual([]);
  });
});
