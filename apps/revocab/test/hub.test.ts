import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { type FileContent, type LoopbackHub, startLoopbackHub } from "@revocab/loopback-hub";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { type SwapReport, swapTokenizer } from "@revocab/transfer";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectOneFailure, type Finished, revocab } from "./revocab.ts";

const scratch = scratchFolders();
const TOKEN = "hf_aSecretThatMustNotBeSeen0123456789";
const place = mkdtempSync(join(tmpdir(), "revocab-swapped-"));
const swappedSample = join(place, "out");
let hub: LoopbackHub;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  await swapTokenizer({
    model: SAMPLE_MODEL,
    tokenizer: SAMPLE_TOKENIZER,
    method: subtokenMean(),
    out: swappedSample,
  });
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
beforeEach(async () => {
  hub = await startLoopbackHub({ token: TOKEN });
  folder = scratch();
  env = {
    HF_ENDPOINT: hub.url,
    HF_TOKEN: TOKEN,
    HF_HOME: join(folder, "huggingface"),
    HF_HUB_OFFLINE: "",
    HF_HUB_CACHE: "",
  };
  hub.add("org/small-model", {
    ...filesOf(SAMPLE_MODEL),
    "README.md": "---\nlicense: mit\n---\n",
    "pytorch_model.bin": "x",
  });
  hub.add("org/new-tokenizer", filesOf(SAMPLE_TOKENIZER));
});
afterEach(() => hub.close());

function filesOf(from: string): Record<string, FileContent> {
  return Object.fromEntries(readdirSync(from).map((name) => [name, readFileSync(join(from, name))]));
}

const run = (...args: string[]) => revocab(args, { env });
const commitOf = (name: string) => hub.repository(name)!.branches.get("main")!;
const reportIn = (out: string) => JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as SwapReport;

function expectDone({ code, stderr, stdout }: Finished): string {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("revocab:") });
  return stdout;
}

describe("a name of the Hub", () => {
  it("is taken by swap wherever a folder is: the same model comes out, and it says where from", async () => {
    const [remote, local] = [join(folder, "remote"), swappedSample];
    expectDone(
      await run(
        "swap",
        "org/small-model",
        "--tokenizer",
        "org/new-tokenizer@main",
        "--out",
        remote,
        "--language",
        "de",
      ),
    );
    for (const name of ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json"]) {
      expect(readFileSync(join(remote, name)).equals(readFileSync(join(local, name))), name).toBe(true);
    }
    const { inputs } = reportIn(remote);
    expect(inputs.source).toMatchObject({ name: "org/small-model", revision: commitOf("org/small-model") });
    expect(inputs.target).toMatchObject({
      name: "org/new-tokenizer",
      revision: commitOf("org/new-tokenizer"),
    });
    const card = readFileSync(join(remote, "README.md"), "utf8");
    expect(card).toContain('language:\n- "de"\nlicense: "mit"\n');
    expect(card).toContain('base_model:\n- "org/small-model"\nbase_model_relation: finetune\n');
    expect(hub.complaints).toEqual([]);
  });

  it("of a swap is pinned in its card: the command there makes the same files again, from the same commits", async () => {
    const out = join(folder, "out");
    expectDone(
      await run(
        ...["swap", "org/small-model", "--tokenizer", "org/new-tokenizer", "--out", out],
        ...[
          "--seed",
          "3",
          "--pad-to-multiple-of",
          "64",
          "--untie",
          "--fallback",
          "random",
          "--chat-template",
          "none",
        ],
      ),
    );
    const card = readFileSync(join(out, "README.md"), "utf8");
    const [, command = ""] = /```sh\nrevocab ([\s\S]+?)\n```/.exec(card) ?? [];
    const words = command.split(/[\s\\]+/);
    const again = join(folder, "again");
    expectDone(await run(...words.map((word) => (word === "./out" ? again : word))));
    expect(words).toContain(`org/small-model@${commitOf("org/small-model")}`);
    expect(contentOf(again)).toEqual(contentOf(out));
  });

  it("in a plan moves small files and no weights that are not read, and says how much came", async () => {
    const [remote, local] = [join(folder, "remote.plan"), join(folder, "local.plan")];
    const planned = await run(
      ...["plan", "org/small-model", "--tokenizer", "org/new-tokenizer", "--method", "multivariate-normal"],
      ...["--out", remote, "--json"],
    );
    const { downloads } = JSON.parse(expectDone(planned)) as {
      downloads: { name: string; bytes: number; ofBytes: number }[];
    };
    expect(downloads.map(({ name }) => name)).toEqual(["org/small-model", "org/new-tokenizer"]);
    const moved = hub.requests.reduce(
      (sum, { path, sent }) => (/resolve|^\/read/.test(path) ? sum + sent : sum),
      0,
    );
    expect(downloads.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(moved);
    expect(downloads[0]!.bytes).toBeLessThan(downloads[0]!.ofBytes / 2);
    expect(planned.stderr).toMatch(
      /hub: org\/small-model@[0-9a-f]{12}: 0\.\d of 2 MB came over the network\n/,
    );

    const cached = join(env.HF_HOME!, "hub/models--org--small-model/snapshots", commitOf("org/small-model"));
    expect(readdirSync(cached)).not.toContain("model.safetensors");
    for (const name of ["model.safetensors"])
      writeFileSync(join(cached, name), readFileSync(join(SAMPLE_MODEL, name)));
    const tokenizer = join(
      env.HF_HOME!,
      "hub/models--org--new-tokenizer/snapshots",
      commitOf("org/new-tokenizer"),
    );
    expectDone(
      await run(
        "plan",
        cached,
        "--tokenizer",
        tokenizer,
        "--method",
        "multivariate-normal",
        "--out",
        local,
        "--quiet",
      ),
    );
    expect(readFileSync(remote).equals(readFileSync(local))).toBe(true);
    const applied = join(folder, "applied");
    expectDone(await run("apply", remote, "--model", "org/small-model", "--out", applied));
    expect(reportIn(applied).inputs.source.name).toBe("org/small-model");
  });

  it("is taken by inspect, which reads headers alone, of models and of tokenizers", async () => {
    expect(expectDone(await run("inspect", "org/small-model"))).toContain("1,280");
    expect(hub.requests.filter(({ path }) => path.startsWith("/read/")).map(({ range }) => range)).toEqual([
      "bytes=0-262143",
    ]);
    expect(expectDone(await run("inspect", `${hub.url}/org/new-tokenizer/tree/main`))).toContain("3,000");
  });

  it("is taken by eval, compare, generate and a dry run, which may all download it into one cache at once", async () => {
    const scoring = ["--text", SAMPLE_TEXT, "--max-bytes", "500"];
    const swap = ["org/small-model", "--tokenizer", "org/new-tokenizer"];
    const [scored, compared, , dry] = await Promise.all([
      run("eval", "org/small-model", ...scoring).then(expectDone),
      run("compare", ...swap, ...scoring, "--methods", "mean,subtoken-mean").then(expectDone),
      run("generate", "org/small-model", "Once", "--max-tokens", "2").then(expectDone),
      run("swap", ...swap, "--dry-run").then(expectDone),
    ]);
    expect(scored).toContain("bits per byte");
    expect(compared).toContain("★");
    expect(dry).toContain("Nothing was written (--dry-run)");
    const blobs = join(env.HF_HOME!, "hub/models--org--small-model/blobs");
    expect(readdirSync(blobs).filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  });

  it("is not looked up when an option is wrong or the output exists", async () => {
    mkdirSync(join(folder, "out"));
    const names = ["org/small-model", "--tokenizer", "org/new-tokenizer"];
    const attempts: [string[], RegExp][] = [
      [["swap", ...names, "--out", join(folder, "out")], /the output .* exists already/],
      [["swap", ...names, "--out", join(folder, "new"), "--method", "nonsense"], /nonsense/],
      [["plan", ...names, "--out", join(folder, "new.plan"), "--with", "x=1"], /has no option "x"/],
      [
        ["swap", ...names, "--out", join(folder, "new"), "--private"],
        /--private was given without --publish/,
      ],
    ];
    await Promise.all(
      attempts.map(async ([args, message]) => expectOneFailure(await run(...args, "--quiet"), message)),
    );
    expect(hub.requests).toEqual([]);
  });

  it("that does not exist is one failure with a hint", async () => {
    const missing = await run("inspect", "org/nothing", "--quiet");
    expect(missing.code).toBe(1);
    expectOneFailure(
      missing,
      /^revocab: looking up org\/nothing@main failed: .* answered 404, "Repository not found/,
    );
    const pickled = { "config.json": "{}", "tokenizer.json": "{}", "pytorch_model.bin": "x" };
    hub.add("org/pickled", pickled);
    const refused = await run("eval", "org/pickled", "--text", SAMPLE_TEXT, "--quiet");
    expectOneFailure(refused, /org\/pickled has neither model\.safetensors nor .*, but pytorch_model\.bin/);
  });

  it("is found offline once it has been used, and not before", async () => {
    const offline = { ...env, HF_HUB_OFFLINE: "1" };
    const inspect = (more: Record<string, string>) =>
      revocab(["eval", "org/small-model", "--text", SAMPLE_TEXT, "--max-bytes", "100", "--quiet"], {
        env: more,
      });
    expectOneFailure(
      await inspect(offline),
      /org\/small-model@main is not in the cache, and HF_HUB_OFFLINE is set/,
    );
    expectDone(await inspect(env));
    const before = hub.requests.length;
    expectDone(await inspect(offline));
    expect(hub.requests).toHaveLength(before);
  });
});

describe("publish", () => {
  /** A copy of a swap of the sample. */
  function swapped(): string {
    const out = join(folder, "out");
    cpSync(swappedSample, out, { recursive: true });
    return out;
  }
  const published = (name: string, branch = "main") => {
    const { commits, branches } = hub.repository(name)!;
    const { files } = commits.get(branches.get(branch)!)!;
    const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
    return Object.fromEntries([...files].map(([path, { place }]) => [path, hash(place)]));
  };

  it("puts a folder on the Hub and says where it is", async () => {
    const out = swapped();
    const dry = await run("publish", out, "--to", "me/model", "--private", "--dry-run");
    expect(expectDone(dry)).toMatch(
      /would go to me\/model, a new repository\n\nNothing was published \(--dry-run\)\n$/,
    );
    expect(hub.repository("me/model")).toBeUndefined();

    const finished = await run("publish", out, "--to", "me/model", "--private", "--title", "A swap");
    expect(expectDone(finished)).toMatch(
      /\d files, [\d,]+ bytes to me\/model, a new repository\n.*\nPublished as [0-9a-f]{12}: http.*\/me\/model\n$/s,
    );
    expect(finished.stderr).toMatch(/upload: .* MB\n/);
    const { ".gitattributes": _, ...files } = published("me/model");
    expect(files).toEqual(contentOf(out));
    const repository = hub.repository("me/model")!;
    expect(repository.private).toBe(true);
    expect(repository.commits.get(commitOf("me/model"))!.title).toBe("A swap");
    expect(hub.complaints).toEqual([]);
  });

  it("opens pull requests, commits to branches, and gives its result as JSON", async () => {
    const out = swapped();
    hub.add("me/model", {});
    const branch = await run("publish", out, "--to", "me/model", "--branch", "v2", "--json");
    expect(JSON.parse(expectDone(branch))).toMatchObject({ branch: "v2", isNew: false, pullRequest: null });
    expect(published("me/model", "v2")).toEqual(contentOf(out));
    const pull = await run("publish", out, "--to", "me/model", "--pull-request");
    expect(expectDone(pull)).toMatch(/\nOpened http:.*\/discussions\/1\n$/);
    expect(published("me/model")).toEqual({});
  });

  it("follows a swap with --publish", async () => {
    const out = join(folder, "out");
    const finished = await run(
      ...[
        "swap",
        "org/small-model",
        "--tokenizer",
        "org/new-tokenizer",
        "--out",
        out,
        "--publish",
        "me/swapped",
      ],
    );
    expect(expectDone(finished)).toMatch(/Published as [0-9a-f]{12}: http/);
    const { ".gitattributes": _, ...files } = published("me/swapped");
    expect(files).toEqual(contentOf(out));
  });

  it("after a swap fails with the place of the model and the command that tries again", async () => {
    const out = join(folder, "out");
    hub.misbehave({ path: /\/commit\//, times: 99, fault: { kind: "status", status: 403 } });
    const finished = await run(
      ...[
        "swap",
        SAMPLE_MODEL,
        "--tokenizer",
        SAMPLE_TOKENIZER,
        "--out",
        out,
        "--publish",
        "me/swapped",
        "--quiet",
      ],
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
    const out = join(folder, "out");
    const args = [
      "swap",
      SAMPLE_MODEL,
      "--tokenizer",
      SAMPLE_TOKENIZER,
      "--out",
      out,
      "--publish",
      "me/x",
      "--quiet",
    ];
    const finished = await revocab(args, { env: { ...env, HF_TOKEN: "" } });
    expectOneFailure(finished, /^revocab: publishing needs an access token, and there is none/);
    expect(readdirSync(folder)).not.toContain("out");
  });

  it("refuses a model folder that revocab did not write", async () => {
    const finished = await run("publish", SAMPLE_MODEL, "--to", "me/model", "--quiet");
    expect(finished.code).toBe(1);
    expectOneFailure(finished, /has no revocab\.json: it did not pass the gate/);
    expect(hub.requests).toEqual([]);
  });
});

describe("the access token", () => {
  it("is read from the file of hf auth login as well, and is never seen: not in output, errors, cards, reports or the cache", async () => {
    env.HF_TOKEN = "";
    mkdirSync(env.HF_HOME!, { recursive: true });
    writeFileSync(join(env.HF_HOME!, "token"), `${TOKEN}\n`);
    const out = join(folder, "out");
    hub.add("me/hidden", filesOf(SAMPLE_MODEL), { private: true });
    const finished = [
      await run(
        "swap",
        "me/hidden",
        "--tokenizer",
        "org/new-tokenizer",
        "--out",
        out,
        "--publish",
        "me/model",
        "--json",
      ),
      await run("plan", "me/hidden", "--tokenizer", SAMPLE_TOKENIZER, "--out", join(folder, "swap.plan")),
    ];
    for (const one of finished) expectDone(one);
    expect(hub.requests.some(({ authorized }) => authorized)).toBe(true);

    const error = `bad token ${TOKEN} at https://storage.example/x?X-Amz-Signature=verySecret&y`;
    const attempts: [RegExp, string[]][] = [
      [
        /\/tree\//,
        ["plan", "org/small-model", "--tokenizer", "org/new-tokenizer", "--out", join(folder, "p")],
      ],
      [/\/preupload\//, ["publish", out, "--to", "me/third", "--json"]],
      [/\/commit\//, ["publish", out, "--to", "me/third"]],
    ];
    for (const [path, args] of attempts) {
      hub.misbehave({ path, fault: { kind: "status", status: 403, error } });
      const failed = await run(...args);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain("bad token (hidden) at https://storage.example/x");
      finished.push(failed);
    }
    finished.push(
      await revocab(["inspect", "org/small-model"], { env: { ...env, HF_TOKEN: `${TOKEN} and more` } }),
    );
    expectOneFailure(
      finished.at(-1)!,
      /^revocab: HF_TOKEN holds no access token: one that begins with hf_ was/,
    );
    for (const { stdout, stderr } of finished) {
      expect(stdout + stderr).not.toContain(TOKEN);
      expect(stdout + stderr).not.toMatch(/verySecret/);
    }
    const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(written.length).toBeGreaterThan(15);
    for (const { parentPath, name } of written) {
      const path = join(parentPath, name);
      if (path === join(env.HF_HOME!, "token")) continue;
      expect(readFileSync(path).includes(TOKEN), path).toBe(false);
    }
  });
});
