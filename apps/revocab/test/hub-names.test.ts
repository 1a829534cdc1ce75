import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { contentOf } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { expectDone, filesOf, hubForEachTest, reportIn, swappedSample } from "./hub-of-test.ts";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";
import { addTensor, editHeader } from "./safetensors.ts";

const at = hubForEachTest();
const swapped = swappedSample();
const run = (...args: string[]) => inProcess(args, { env: at.env });
const runProcess = (...args: string[]) => revocab(args, { env: at.env });

/** Bytes of files that the Hub has sent, from this request on. */
const movedFrom = (request: number) =>
  at.hub.requests
    .slice(request)
    .reduce((sum, { path, sent }) => (/resolve|^\/read/.test(path) ? sum + sent : sum), 0);

describe("a name of the Hub", () => {
  it("is taken by swap wherever a folder is: the same model comes out, and it says where from", async () => {
    const [remote, local] = [join(at.folder, "remote"), swapped];
    expectDone(
      await runProcess(
        ...["swap", "org/small-model", "--tokenizer", "org/new-tokenizer@main"],
        ...["--out", remote, "--language", "de"],
      ),
    );
    for (const name of ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json"]) {
      expect(readFileSync(join(remote, name)).equals(readFileSync(join(local, name))), name).toBe(true);
    }
    const { inputs } = reportIn(remote);
    expect(inputs.source).toMatchObject({
      name: "org/small-model",
      revision: at.commitOf("org/small-model"),
    });
    expect(inputs.target).toMatchObject({
      name: "org/new-tokenizer",
      revision: at.commitOf("org/new-tokenizer"),
    });
    const card = readFileSync(join(remote, "README.md"), "utf8");
    expect(card).toContain('language:\n- "de"\nlicense: "mit"\n');
    expect(card).toContain('base_model:\n- "org/small-model"\nbase_model_relation: finetune\n');
    expect(at.hub.complaints).toEqual([]);
  });

  it("is compared by quality beside a folder; only its tokenizer is fetched", async () => {
    const { code, stdout } = await run("quality", "org/small-model", "org/new-tokenizer", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toContain("Tokenizer quality: small-model, new-tokenizer\n");
    expect(at.hub.requests.filter(({ path }) => path.endsWith(".safetensors"))).toEqual([]);
  });

  it("of a swap is pinned in its card: the command there makes the same files again, from the same commits", async () => {
    const out = join(at.folder, "out");
    expectDone(
      await run(
        ...["swap", "org/small-model", "--tokenizer", "org/new-tokenizer", "--out", out],
        ...["--seed", "3", "--pad-to-multiple-of", "64", "--untie"],
        ...["--fallback", "random", "--chat-template", "none"],
      ),
    );
    const card = readFileSync(join(out, "README.md"), "utf8");
    const [, command = ""] = /```sh\nrevocab ([\s\S]+?)\n```/.exec(card) ?? [];
    const words = command.split(/[\s\\]+/);
    const again = join(at.folder, "again");
    expectDone(await run(...words.map((word) => (word === "./out" ? again : word))));
    expect(words).toContain(`org/small-model@${at.commitOf("org/small-model")}`);
    expect(contentOf(again)).toEqual(contentOf(out));
  });

  it("in a plan moves small files and no weights that are not read, and says how much came", async () => {
    const [remote, local] = [join(at.folder, "remote.plan"), join(at.folder, "local.plan")];
    const planned = await run(
      ...["plan", "org/small-model", "--tokenizer", "org/new-tokenizer", "--method", "multivariate-normal"],
      ...["--out", remote, "--json"],
    );
    const { downloads } = JSON.parse(expectDone(planned)) as {
      downloads: { name: string; bytes: number; ofBytes: number }[];
    };
    expect(downloads.map(({ name }) => name)).toEqual(["org/small-model", "org/new-tokenizer"]);
    const moved = movedFrom(0);
    expect(downloads.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(moved);
    expect(downloads[0]!.bytes).toBeLessThan(downloads[0]!.ofBytes / 2);
    expect(planned.stderr).toMatch(
      /hub: org\/small-model@[0-9a-f]{12}: 0\.\d of 2 MB came over the network\n/,
    );

    const cached = join(
      at.env.HF_HOME,
      "hub/models--org--small-model/snapshots",
      at.commitOf("org/small-model"),
    );
    expect(readdirSync(cached)).not.toContain("model.safetensors");
    cpSync(join(SAMPLE_MODEL, "model.safetensors"), join(cached, "model.safetensors"));
    const tokenizer = join(
      at.env.HF_HOME,
      "hub/models--org--new-tokenizer/snapshots",
      at.commitOf("org/new-tokenizer"),
    );
    expectDone(
      await run(
        ...["plan", cached, "--tokenizer", tokenizer, "--method", "multivariate-normal"],
        ...["--out", local, "--quiet"],
      ),
    );
    expect(readFileSync(remote).equals(readFileSync(local))).toBe(true);
    const applied = join(at.folder, "applied");
    expectDone(await run("apply", remote, "--model", "org/small-model", "--out", applied));
    expect(reportIn(applied).inputs.source.name).toBe("org/small-model");
  });

  it("is taken by inspect, which reads headers alone, of models and of tokenizers", async () => {
    expect(expectDone(await runProcess("inspect", "org/small-model"))).toContain("1,280");
    expect(at.hub.requests.filter(({ path }) => path.startsWith("/read/")).map(({ range }) => range)).toEqual(
      ["bytes=0-262143"],
    );
    expect(expectDone(await run("inspect", `${at.hub.url}/org/new-tokenizer/tree/main`))).toContain("3,000");
  });

  it("is taken by eval, compare, generate and a dry run, which may all download it into one cache at once", async () => {
    const scoring = ["--text", SAMPLE_TEXT, "--max-bytes", "500"];
    const swap = ["org/small-model", "--tokenizer", "org/new-tokenizer"];
    const [scored, compared, , dry] = await Promise.all([
      runProcess("eval", "org/small-model", ...scoring).then(expectDone),
      runProcess("compare", ...swap, ...scoring, "--methods", "mean,subtoken-mean").then(expectDone),
      runProcess("generate", "org/small-model", "Once", "--max-tokens", "2").then(expectDone),
      runProcess("swap", ...swap, "--dry-run").then(expectDone),
    ]);
    expect(scored).toContain("bits per byte");
    expect(compared).toContain("★");
    expect(dry).toContain("Nothing was written (--dry-run)");
    const blobs = join(at.env.HF_HOME, "hub/models--org--small-model/blobs");
    expect(readdirSync(blobs).filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  });

  it("is not looked up when an option is wrong or the output exists", async () => {
    mkdirSync(join(at.folder, "out"));
    const names = ["org/small-model", "--tokenizer", "org/new-tokenizer"];
    const attempts: [string[], RegExp][] = [
      [["swap", ...names, "--out", join(at.folder, "out")], /the output .* exists already/],
      [["swap", ...names, "--out", join(at.folder, "new"), "--method", "nonsense"], /nonsense/],
      [["plan", ...names, "--out", join(at.folder, "new.plan"), "--with", "x=1"], /has no option "x"/],
      [
        ["swap", ...names, "--out", join(at.folder, "new"), "--private"],
        /--private was given without --publish/,
      ],
    ];
    await Promise.all(
      attempts.map(async ([args, message]) => expectOneFailure(await run(...args, "--quiet"), message)),
    );
    expect(at.hub.requests).toEqual([]);
  });

  it("that does not exist is one failure with a hint", async () => {
    const missing = await run("inspect", "org/nothing", "--quiet");
    expect(missing.code).toBe(1);
    expectOneFailure(
      missing,
      /^revocab: looking up org\/nothing@main failed: .* answered 404, "Repository not found/,
    );
    const pickled = { "config.json": "{}", "tokenizer.json": "{}", "pytorch_model.bin": "x" };
    at.hub.add("org/pickled", pickled);
    const refused = await run("eval", "org/pickled", "--text", SAMPLE_TEXT, "--quiet");
    expectOneFailure(refused, /org\/pickled has neither model\.safetensors nor .*, but pytorch_model\.bin/);
  });

  it("is found offline once it has been used, and not before", async () => {
    const offline = { ...at.env, HF_HUB_OFFLINE: "1" };
    const inspect = (more: Record<string, string>) =>
      revocab(["eval", "org/small-model", "--text", SAMPLE_TEXT, "--max-bytes", "100", "--quiet"], {
        env: more,
      });
    expectOneFailure(
      await inspect(offline),
      /org\/small-model@main is not in the cache, and HF_HUB_OFFLINE is set/,
    );
    expectDone(await inspect(at.env));
    const before = at.hub.requests.length;
    expectDone(await inspect(offline));
    expect(at.hub.requests).toHaveLength(before);
  });
});

describe("a donor on the Hub", () => {
  const TABLE = 3000 * 128 * 2;
  const BLOCK = 1 << 18;

  /** The swapped sample, with 4 MB more of layers, which are quantised. */
  function addDonor(): { readonly folder: string; readonly small: number; readonly all: number } {
    const folder = join(at.folder, "donor");
    cpSync(swapped, folder, { recursive: true });
    const weights = join(folder, "model.safetensors");
    addTensor(weights, "model.layers.9.mlp.up_proj.weight", 4);
    editHeader(weights, (header) => {
      const large = header["model.layers.9.mlp.up_proj.weight"]!;
      Object.assign(large, { dtype: "F8_E4M3", shape: [large.shape[0]! * 2, large.shape[1]!] });
    });
    at.hub.add("org/donor", filesOf(folder));
    const all = statSync(weights).size;
    const small = readdirSync(folder)
      .filter((name) => /^(config|generation_config|tokenizer.*)\.json$|^README/.test(name))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    return { folder, small, all };
  }
  const plan = async (out: string, ...words: readonly string[]) => {
    const args = ["--method", "omp", "--with", "k=2", "--out", out, "--json", "--quiet"];
    const planned = await run("plan", "org/small-model", ...args, ...words);
    return JSON.parse(expectDone(planned)) as {
      downloads?: { name: string; bytes: number; ofBytes: number }[];
    };
  };

  it("is read by the ranges of its tables, and gives the same plan as its folder", async () => {
    const { folder, small, all } = addDonor();
    const [remote, local] = [join(at.folder, "remote.plan"), join(at.folder, "local.plan")];
    const to = ["--tokenizer", "org/new-tokenizer"];
    const { downloads = [] } = await plan(remote, ...to, "--donor", "org/donor");
    const { bytes, ofBytes } = downloads.find(({ name }) => name === "org/donor")!;
    expect(bytes).toBeGreaterThan(TABLE);
    // the header, and a block more at each end of the table
    expect(bytes).toBeLessThanOrEqual(small + TABLE + 3 * BLOCK);
    expect(ofBytes).toBeGreaterThanOrEqual(all);
    const moved = movedFrom(0);
    expect(downloads.reduce((sum, one) => sum + one.bytes, 0)).toBe(moved);
    await plan(local, ...to, "--donor", folder);
    const explain = async (file: string) => expectDone(await run("explain", file, " Once", " word"));
    expect(await explain(remote)).toBe(await explain(local));
  });

  it("is the tokenizer's own repository where none is named, and only its tables are fetched", async () => {
    const { small } = addDonor();
    const { downloads = [] } = await plan(join(at.folder, "own.plan"), "--tokenizer", "org/donor");
    const received = downloads.filter(({ name }) => name === "org/donor");
    expect(received.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(
      small + TABLE + 3 * BLOCK,
    );
    const without = ["--tokenizer", "org/new-tokenizer", "--method", "omp", "--dry-run", "--quiet"];
    expectOneFailure(
      await run("swap", "org/small-model", ...without),
      /own model unless another is given, but org\/new-tokenizer has a tokenizer and no weights\n.*give --donor MODEL/,
    );
  });

  it("as any model is inspected with --well-trained by its tables alone", async () => {
    const { small } = addDonor();
    const before = at.hub.requests.length;
    expectDone(await run("inspect", "org/donor", "--well-trained"));
    const moved = movedFrom(before);
    expect(moved).toBeLessThanOrEqual(small + TABLE + 3 * BLOCK);
  });
});
