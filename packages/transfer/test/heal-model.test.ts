import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "@revocab/checkpoint";
import type { ProgressEvent } from "@revocab/core";
import { subtokenMean } from "@revocab/embedding-init";
import { openPlan, savePlan } from "@revocab/plan";
import { modelCard } from "@revocab/report";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import {
  applySavedPlan,
  editVocabulary,
  type HealModelOptions,
  healModel,
  planTokenizerSwap,
  swapTokenizer,
} from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { CASES } from "./architecture-cases.ts";
import { otherTensors, readTable } from "./stored-rows.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

const FIXTURES = fileURLToPath(new URL("../../checkpoint/test/fixtures/models", import.meta.url));
const scratch = scratchFolders();
const heal = { text: SAMPLE_TEXT, budget: { kind: "steps", steps: 4 }, batchTokens: 512, seed: 1 } as const;
/** So that two runs give the same bytes. */
const job = { threads: 1 };
const swap = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean(), job };

/** Ids of the rows that differ between two folders, and whether everything else of their weights is alike. */
async function changedRows(before: string, after: string, slot = "input") {
  const [old, now] = await Promise.all([openCheckpoint(before), openCheckpoint(after)]);
  try {
    expect(otherTensors(now)).toEqual(otherTensors(old));
    expect(now.tied).toBe(old.tied);
    const tables = await Promise.all([readTable(old, slot), readTable(now, slot)]);
    const rowsIn = ({ bytes, rows }: (typeof tables)[number]) =>
      Array.from({ length: rows }, (_, id) =>
        bytes.subarray((id * bytes.length) / rows, ((id + 1) * bytes.length) / rows),
      );
    const [first, second] = tables.map(rowsIn) as [Buffer[], Buffer[]];
    expect(second).toHaveLength(first.length);
    return second.flatMap((row, id) => (row.equals(first[id] as Buffer) ? [] : [id]));
  } finally {
    await Promise.all([old.close(), now.close()]);
  }
}

const readTableBytes = (folder: string) => readFileSync(join(folder, "model.safetensors"));

async function idsOf(folder: string, text = SAMPLE_TEXT): Promise<ReadonlySet<number>> {
  const tokenizer = await loadTokenizer(folder);
  const documents = readFileSync(text, "utf8").split("<|endoftext|>");
  const ids = await Promise.all(documents.map((document) => tokenizer.encodeWithSpecials(document.trim())));
  return new Set(ids.flatMap((encoded) => [...encoded.ids]));
}

/** A small model of `packages/checkpoint` with a tokenizer of its own, and a text in its characters. */
function smallModel(name: string): { readonly model: string; readonly text: string } {
  const folder = scratch();
  const model = join(folder, "model");
  cpSync(join(FIXTURES, name), model, { recursive: true });
  const { size, source } = CASES[name] as (typeof CASES)[string];
  writeTokenizer(model, { size, ...source });
  const text = join(folder, "text.txt");
  const lines = [
    "the nose is on the tiles",
    "one hen eats seeds",
    "his donation is a stone",
    "a sad lion sits",
  ];
  writeFileSync(text, lines.map((line) => `${line} `.repeat(20)).join("\n\n"));
  return { model, text };
}

describe("a healed model", () => {
  it("has other rows for tokens that the text has, and nothing else of it differs", async () => {
    const out = join(scratch(), "out");
    const { training } = await healModel({ ...heal, model: SAMPLE_MODEL, rate: 0.02, out, job });
    const changed = await changedRows(SAMPLE_MODEL, out);
    const inText = await idsOf(SAMPLE_MODEL);
    expect(changed.length).toBeGreaterThan(100);
    // a part of the text is encoded by itself, which may begin with other tokens
    expect(changed.filter((id) => !inText.has(id)).length).toBeLessThan(5);
    expect(training?.learned.input).toBeGreaterThanOrEqual(changed.length);
    const { "model.safetensors": _, "README.md": __, "revocab.json": ___, ...others } = contentOf(out);
    const { "model.safetensors": ____, ...before } = contentOf(SAMPLE_MODEL);
    expect(others).toEqual(before);
  });

  it("may have another row for every token", async () => {
    const out = join(scratch(), "out");
    const { tables } = await healModel({ ...heal, learn: "all", model: SAMPLE_MODEL, out, job });
    expect(tables[0]?.origins.healed).toBeGreaterThan(1000);
  });

  it("with a head of its own has new rows in both tables", async () => {
    const folder = scratch();
    const [model, out] = [join(folder, "untied"), join(folder, "out")];
    await swapTokenizer({ ...swap, untie: true, out: model });
    const { tables } = await healModel({ ...heal, model, out, job });
    expect(tables.map(({ slot, origins }) => [slot, (origins.healed ?? 0) > 100])).toEqual([
      ["input", true],
      ["output", true],
    ]);
    const rows = [await changedRows(model, out, "input"), await changedRows(model, out, "output")];
    expect(rows.every((ids) => ids.length > 100)).toBe(true);
  });

  it.each(["gpt2", "gemma", "llama-sharded", "qwen2-padded"])(
    "keeps its shards, padding rows and bytes: %s",
    async (name) => {
      const { model, text } = smallModel(name);
      const out = join(scratch(), "out");
      await healModel({ ...heal, text, model, out, job });
      const inText = await idsOf(model, text);
      const changed = await changedRows(model, out);
      expect(changed.length).toBeGreaterThan(4);
      expect(changed.every((id) => id < (CASES[name]?.size ?? 0))).toBe(true);
      expect(changed.filter((id) => !inText.has(id)).length).toBeLessThan(3); // what stands around a text
      const weights = (file: string) => /safetensors$|README\.md$|revocab\.json$/.test(file);
      const others = (folder: string) => Object.entries(contentOf(folder)).filter(([file]) => !weights(file));
      expect(others(out)).toEqual(others(model));
    },
  );

  it("is told in the report and on the card, without the time that it took", async () => {
    const out = join(scratch(), "out");
    const report = await healModel({ ...heal, rate: 0.002, context: 64, model: SAMPLE_MODEL, out, job });
    expect(report.training).toMatchObject({
      text: { name: "stories.txt", documents: 5, bytes: 2236 },
      budget: { kind: "steps", steps: 4 },
      learn: "text",
      context: 64,
      batchTokens: 512,
      rate: 0.002,
      seed: 1,
      seconds: expect.any(Number),
    });
    const { before, after } = report.training?.heldOut ?? { before: 0, after: 1 };
    expect(after).toBeLessThanOrEqual(before);
    const written = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as typeof report;
    const { seconds: _, ...timeless } = report.training ?? {};
    expect(written.training).toEqual(timeless);
    expect(written.keepsTokenizer).toBe(true);
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toBe(modelCard(report));
    expect(card).toContain("# model with trained rows\n");
    expect(card).toContain("2,236 bytes (5 documents) of `stories.txt` in sequences of at most 64 tokens");
    expect(card).toContain(
      `| held-out bits per byte | ${before.toFixed(4)} before, ${after.toFixed(4)} after |`,
    );
    expect(card).not.toContain("Nothing was trained");
  });
});

describe("a swap whose rows are healed", () => {
  it("writes what its saved plan writes, with the same report", async () => {
    const folder = scratch();
    const [plan, applied, swapped] = ["swap.plan", "applied", "swapped"].map((name) => join(folder, name));
    const planned = await planTokenizerSwap({ ...swap, heal });
    await savePlan(planned, plan as string);
    await planned.rowSource.close();
    await applySavedPlan({ plan: plan as string, model: SAMPLE_MODEL, out: applied as string });
    await swapTokenizer({ ...swap, heal, out: swapped as string });
    expect(contentOf(applied as string)).toEqual(contentOf(swapped as string));
    const opened = await openPlan(plan as string);
    await opened.rowSource.close();
    expect(opened.plan.training?.learned.input).toBeGreaterThan(100);
  });

  it("has trained rows for tokens of the text, and for the others those of its methods", async () => {
    const folder = scratch();
    const [plain, healed] = [join(folder, "plain"), join(folder, "healed")];
    await swapTokenizer({ ...swap, out: plain });
    const { tables, training } = await swapTokenizer({ ...swap, heal, out: healed });
    const changed = await changedRows(plain, healed);
    const inText = await idsOf(healed);
    expect(changed.length).toBeGreaterThan(100);
    // a part of the text is encoded by itself, which may begin with other tokens
    expect(changed.filter((id) => !inText.has(id)).length).toBeLessThan(5);
    expect(tables[0]?.origins).toMatchObject({
      "subtoken-mean": expect.any(Number),
      healed: training?.learned.input,
    });
    const card = readFileSync(join(healed, "README.md"), "utf8");
    expect(card).toContain("Rows were trained, and nothing else.");
  });
});

describe("new rows alone", () => {
  const learn = "new";

  it("learn in a swap: rows that it copied stay as they were, and its plan says so", async () => {
    const folder = scratch();
    const [plain, healed, file] = [join(folder, "plain"), join(folder, "healed"), join(folder, "swap.plan")];
    const before = await swapTokenizer({ ...swap, out: plain });
    const { training, tables } = await swapTokenizer({ ...swap, heal: { ...heal, learn }, out: healed });
    const { "copy-overlap": copies = 0, ...others } = before.tables[0]?.origins ?? {};
    const changed = await changedRows(plain, healed);
    expect(changed.length).toBeGreaterThan(20);
    expect(tables[0]?.origins).toMatchObject({ "copy-overlap": copies, healed: training?.learned.input });
    expect(training?.learned.input).toBeLessThan(others["subtoken-mean"] ?? 0);
    expect(training?.learn).toBe("new");
    expect(readFileSync(join(healed, "README.md"), "utf8")).toContain("where their row is no copy");
    const planned = await planTokenizerSwap({ ...swap, heal: { ...heal, learn } });
    await savePlan(planned, file);
    await planned.rowSource.close();
    const opened = await openPlan(file);
    await opened.rowSource.close();
    expect(opened.plan.training?.learn).toBe("new");
  });

  it("of a swapped model learn by its teacher: all rows that that one does not have", async () => {
    const folder = scratch();
    const [model, out] = [join(folder, "swapped"), join(folder, "out")];
    const { tables } = await swapTokenizer({ ...swap, untie: true, out: model });
    const report = await healModel({ ...heal, learn, model, teacher: SAMPLE_MODEL, out, job });
    const initialized = tables[0]?.origins["subtoken-mean"] ?? 0;
    for (const count of Object.values(report.training?.learned ?? {})) {
      expect(count).toBeGreaterThan(20);
      expect(count).toBeLessThan(initialized);
    }
    const teachers = await openCheckpoint(SAMPLE_MODEL);
    const [own, all] = await Promise.all([openCheckpoint(model), readTable(teachers, "input")]);
    const swapped = await readTable(own, "input");
    const [width, known] = [swapped.bytes.length / swapped.rows, new Set<string>()];
    for (let at = 0; at < all.bytes.length; at += width) {
      known.add(all.bytes.subarray(at, at + width).toString("latin1"));
    }
    for (const id of await changedRows(model, out)) {
      const row = swapped.bytes.subarray(id * width, (id + 1) * width);
      expect(known.has(row.toString("latin1"))).toBe(false);
    }
    await Promise.all([teachers.close(), own.close()]);
  });

  it("of an edit learn in the rows that it adds", async () => {
    const out = join(scratch(), "out");
    const text = join(scratch(), "text.txt");
    writeFileSync(text, `${readFileSync(SAMPLE_TEXT, "utf8").replaceAll(" the ", " marmalade ")}`);
    const edit = { pieces: [" marmalade"], method: subtokenMean() };
    const options = { model: SAMPLE_MODEL, heal: { ...heal, text, learn }, out, job } as const;
    const report = await editVocabulary({ ...edit, ...options });
    expect(report.training?.learned).toEqual({ input: 1 });
  });
});

describe("a teacher", () => {
  it("of a swap is the model itself, in its own tokens", async () => {
    const out = join(scratch(), "out");
    const { training } = await swapTokenizer({ ...swap, heal: { ...heal, objective: "distill" }, out });
    expect(training).toMatchObject({ objective: "distill", teacher: "model" });
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("the hidden states that the layers give in the tokens of `model`");
  });

  it("of a swapped model is the one that it was, or a copy or link of it, and no other", async () => {
    const folder = scratch();
    const [model, other, out] = ["swapped", "other", "out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await swapTokenizer({ ...swap, untie: true, out: model });
    const { training } = await healModel({ ...heal, model, teacher: SAMPLE_MODEL, out, job });
    expect(training).toMatchObject({ objective: "distill", teacher: "model" });
    cpSync(SAMPLE_MODEL, other, { recursive: true });
    const weights = join(other, "model.safetensors");
    const bytes = readFileSync(weights);
    const { files, close } = await openCheckpoint(other);
    await close();
    const layer = files[0]?.tensors.find(({ name }) => name.includes("layers.1.mlp"));
    const [start, end] = [layer?.start ?? 0, layer?.end ?? 0];
    for (const at of [start, Math.floor((start + end) / 2), end - 1]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      writeFileSync(weights, changed);
      await expect(
        healModel({ ...heal, model, teacher: other, out: join(folder, "none"), job }),
      ).rejects.toMatchObject({
        code: "bad_options",
        message: expect.stringContaining(`${layer?.name} has other values`),
      });
      expect(existsSync(join(folder, "none"))).toBe(false);
    }
    rmSync(weights);
    linkSync(join(SAMPLE_MODEL, "model.safetensors"), weights);
    const own = { ...heal, model: SAMPLE_MODEL, teacher: other, out: join(folder, "linked"), job };
    expect((await healModel(own)).training?.teacher).toBe("other");
  });
});

describe("likelihoods of a teacher", () => {
  it("of a swap are those of the model itself, and the report and the card say so", async () => {
    const out = join(scratch(), "out");
    const { training } = await swapTokenizer({ ...swap, heal: { ...heal, objective: "alm" }, out });
    expect(training).toMatchObject({ objective: "alm", teacher: "model" });
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("the probabilities that `model` gives to pieces of the text");
  });

  it("may come from a model with other layers, which may write the text, too", async () => {
    const { model: teacher, text } = smallModel("gpt2");
    const folder = scratch();
    const options = { ...heal, text, model: SAMPLE_MODEL, teacher, job };
    const [plain, taught, written] = await Promise.all(
      [
        { objective: "lm", teacher: undefined },
        { objective: "alm" },
        { objective: "lm", text: undefined, written: 6000 },
      ].map((own, i) => healModel({ ...options, ...(own as object), out: join(folder, String(i)) })),
    );
    expect(taught?.training).toMatchObject({ objective: "alm", teacher: "model" });
    expect(taught?.training?.heldOut.bytes).toBe(plain?.training?.heldOut.bytes);
    expect(readTableBytes(join(folder, "1"))).not.toEqual(readTableBytes(join(folder, "0")));
    expect(written?.training).toMatchObject({ objective: "lm", text: { name: "text written by model" } });
    expect(written?.training).not.toHaveProperty("teacher");
    await expect(
      healModel({ ...options, objective: "distill", out: join(folder, "none") }),
    ).rejects.toMatchObject({ code: "bad_options", hint: expect.stringContaining("alm") });
  });

  it("are said to begin with a BOS that the model does not read", async () => {
    const { model, text } = smallModel("gpt2");
    const notes = async (out: string) =>
      (await healModel({ ...heal, objective: "alm", text, model, teacher: SAMPLE_MODEL, out, job })).notes;
    const folder = scratch();
    const note = expect.stringContaining('model reads every text after "<s>"');
    expect(await notes(join(folder, "with"))).not.toContainEqual(note);
    const { size, source } = CASES.gpt2 as (typeof CASES)[string];
    writeTokenizer(model, { size, specials: source.specials, roles: { eos: source.roles.eos as string } });
    expect(await notes(join(folder, "without"))).toContainEqual(note);
  });
});

describe("an edit whose rows are healed", () => {
  it("has trained rows for old and new tokens of the text, and keeps the other old ones", async () => {
    const out = join(scratch(), "out");
    const edit = { pieces: [" marmalade"], addedTokens: ["<|tool|>"], method: subtokenMean() };
    const report = await editVocabulary({ ...edit, model: SAMPLE_MODEL, heal, out, job });
    const { "copy-overlap": kept = 0, healed = 0, ...others } = report.tables[0]?.origins ?? {};
    expect(healed).toBeGreaterThan(100);
    expect(kept + healed).toBeLessThanOrEqual(report.target.rows);
    expect(Object.keys(others).sort()).not.toContain("none");
    expect(report.gate.checks.map(({ name }) => name)).toContain("moved rows");
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain(
      "tokens that it keeps have their old rows, byte for byte, until rows were trained.",
    );
    expect(report.keepsTokenizer).toBeUndefined();
  });
});

describe("healing is refused", () => {
  const steps: string[] = [];
  const onProgress = (event: ProgressEvent) => steps.push(event.step);
  const refused = async (options: Partial<HealModelOptions>) => {
    const place = scratch();
    steps.length = 0;
    const run = healModel({
      ...heal,
      model: SAMPLE_MODEL,
      out: join(place, "out"),
      job: { onProgress },
      ...options,
    });
    const error = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(readdirSync(place)).toEqual([]);
    return { error, isTrained: steps.includes("train rows") };
  };

  it("where the output exists, before anything is trained", async () => {
    const out = join(scratch(), "out");
    mkdirSync(out);
    expect(await refused({ out })).toMatchObject({ error: { code: "output_exists" }, isTrained: false });
  });

  it("for a text that is not there, and one that is too short to keep a part of it", async () => {
    const text = join(scratch(), "text.txt");
    expect(await refused({ text })).toMatchObject({ error: { code: "missing_file" }, isTrained: false });
    writeFileSync(text, "Once upon a time.");
    expect(await refused({ text })).toMatchObject({ error: { code: "bad_text" } });
  });

  it("in a swap or a plan for a text that is too short, before any row is computed", async () => {
    const text = join(scratch(), "text.txt");
    writeFileSync(text, "Once upon a time.");
    const events: ProgressEvent[] = [];
    const hearing = {
      ...swap,
      heal: { ...heal, text },
      job: { onProgress: (e: ProgressEvent) => void events.push(e) },
    };
    await expect(planTokenizerSwap(hearing)).rejects.toMatchObject({ code: "bad_text" });
    await expect(swapTokenizer({ ...hearing, out: join(scratch(), "out") })).rejects.toMatchObject({
      code: "bad_text",
    });
    expect(events.filter(({ type }) => type === "progress")).toEqual([]);
  });

  it("for new rows alone without the model that the others are from", async () => {
    expect(await refused({ learn: "new" })).toMatchObject({
      error: { code: "bad_options", hint: "give that model as `teacher`" },
      isTrained: false,
    });
  });

  it.each(["bert", "t5"])("for a model that is not causal: %s", async (name) => {
    const { model, text } = smallModel(name);
    expect(await refused({ model, text })).toMatchObject({ error: { code: "unsupported_architecture" } });
  });

  it("for an objective that a teacher has no part in, or that needs one", async () => {
    const teacher = SAMPLE_MODEL;
    for (const options of [
      { objective: "alm" },
      { objective: "distill" },
      { objective: "lm", teacher },
    ] as const) {
      expect(await refused(options)).toMatchObject({ error: { code: "bad_options" }, isTrained: false });
    }
  });

  it.each(["bert", "t5"])("for a teacher that gives no likelihoods of what follows: %s", async (name) => {
    const { model: teacher, text } = smallModel(name);
    expect(await refused({ objective: "alm", teacher, text })).toMatchObject({
      error: { code: "unsupported_architecture", hint: expect.stringContaining("causal") },
      isTrained: false,
    });
  });

  it("for a model that has no row for one of its tokens, with what gives it one", async () => {
    const model = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    writeFileSync(join(model, "added_tokens.json"), JSON.stringify({ "<late>": 1280 }));
    expect(await refused({ model })).toMatchObject({
      error: {
        code: "shape_mismatch",
        message: expect.stringContaining('"<late>"'),
        hint: expect.stringContaining("editVocabulary"),
      },
      isTrained: false,
    });
  });

  it("once it was told to end before it began", async () => {
    const finishSignal = AbortSignal.abort();
    expect(await refused({ finishSignal })).toMatchObject({ error: { code: "aborted" }, isTrained: false });
  });

  it("when it is stopped in the middle, and leaves nothing", async () => {
    const place = scratch();
    const stop = new AbortController();
    const stopping = {
      abortSignal: stop.signal,
      onProgress: ({ step }: ProgressEvent) => step === "train rows" && stop.abort(),
    };
    const out = join(place, "out");
    const run = healModel({
      ...heal,
      model: SAMPLE_MODEL,
      out,
      job: stopping as HealModelOptions["job"] & object,
    });
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(place)).toEqual([]);
  });
});
