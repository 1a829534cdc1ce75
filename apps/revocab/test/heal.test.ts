import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

const scratch = scratchFolders();
const heal = ["heal", SAMPLE_MODEL, "--text", SAMPLE_TEXT];
const swap = ["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--method", "subtoken-mean"];
const plan = ["plan", ...swap.slice(1)];

describe("revocab heal", () => {
  it("says what was trained, what it was worth, and where the model is", async () => {
    const out = join(scratch(), "out");
    const finished = await inProcess([...heal, "--steps", "4", "--batch", "512", "--out", out, "--quiet"]);
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(finished.stdout).toMatch(/^ +\d+ {2}healed$/m);
    expect(finished.stdout).toContain("\nTrained on stories.txt, 2,236 bytes in 5 documents\n");
    expect(finished.stdout).toMatch(/^ {2}rows +\d+ of input$/m);
    expect(finished.stdout).toMatch(/^ {2}steps +4, the best rows after step \d$/m);
    expect(finished.stdout).toMatch(/^ {2}tokens +[\d,]+ in all$/m);
    expect(finished.stdout).toMatch(/^ {2}bits per byte +\d\.\d{4} → \d\.\d{4}, on \d+ held-out bytes$/m);
    expect(finished.stdout).toMatch(/^ {2}seconds +\d+\.\d, [\d,]+ tokens in each$/m);
    expect(finished.stdout).toMatch(/^ {2}ended by +its budget$/m);
    expect(finished.stdout).toMatch(/\n\nWritten to .*out\n$/);
  });

  it("prints the report with --json, and writes it without the seconds", async () => {
    const out = join(scratch(), "out");
    const args = [
      ...heal,
      "--tokens",
      "1.5k",
      "--batch",
      "512",
      "--learn",
      "all",
      "--seed",
      "3",
      "--rate",
      "0.005",
    ];
    const { stdout } = await inProcess([...args, "--out", out, "--json", "--quiet"]);
    const { training } = JSON.parse(stdout) as { training: Record<string, unknown> };
    const chosen = {
      budget: { kind: "tokens", tokens: 1500 },
      learn: "all",
      seed: 3,
      rate: 0.005,
      batchTokens: 512,
    };
    expect(training).toMatchObject({ ...chosen, seconds: expect.any(Number) });
    const written = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as typeof JSON;
    const { seconds: _, ...timeless } = training;
    expect(written).toMatchObject({ training: timeless, keepsTokenizer: true });
    expect(JSON.stringify(written)).not.toContain('"seconds"');
  });

  it("learns from the likelihoods of a teacher, and says so", async () => {
    const folder = scratch();
    const [model, out] = [join(folder, "swapped"), join(folder, "out")];
    await inProcess([...swap, "--untie", "--out", model, "--quiet"]);
    const args = ["heal", model, "--text", SAMPLE_TEXT, "--teacher", SAMPLE_MODEL, "--objective", "alm"];
    const how = ["--steps", "8", "--batch", "512", "--threads", "1"];
    const { code, stdout } = await inProcess([...args, ...how, "--out", out, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}objective +alm, from model$/m);
    const [, before, after] = /bits per byte +(\d\.\d+) → (\d\.\d+)/.exec(stdout) ?? [];
    expect(Number(after)).toBeLessThan(Number(before));
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("--teacher ./model --objective alm --steps 8");
  });

  it("has a card with the command that heals the model again", async () => {
    const out = join(scratch(), "out");
    await inProcess([
      ...heal,
      "--minutes",
      "0.02",
      "--context",
      "64",
      "--batch",
      "256",
      "--out",
      out,
      "--quiet",
    ]);
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain(
      [
        "revocab heal ./model --text ./stories.txt --minutes 0.02 \\",
        "  --learn text --rate 0.071 --context 64 --batch 256 --seed 0 --out ./out",
      ].join("\n"),
    );
  });
});

describe("--heal", () => {
  it("of a plan is in every model that it is applied to", async () => {
    const folder = scratch();
    const [file, out] = [join(folder, "swap.plan"), join(folder, "out")];
    const planned = await inProcess([
      ...plan,
      "--text",
      SAMPLE_TEXT,
      "--heal",
      "1k",
      "--out",
      file,
      "--quiet",
    ]);
    expect(planned).toMatchObject({ code: 0, stderr: "" });
    expect(planned.stdout).toContain("\nTrained on stories.txt, ");
    const applied = await inProcess(["apply", file, "--model", SAMPLE_MODEL, "--out", out, "--quiet"]);
    expect(applied.stdout).toMatch(/^Trained on stories.txt, /m);
    expect(applied.stdout).not.toMatch(/^ {2}seconds/m);
    const explained = await inProcess(["explain", file, " the"]);
    expect(explained.stdout).toMatch(/input = \(a row of its own\) {3}\[healed\]$/m);
  });

  it("of a swap gives the card its words, whether the method reads a text or not", async () => {
    const out = join(scratch(), "out");
    await inProcess([
      ...swap,
      "--text",
      SAMPLE_TEXT,
      "--heal",
      "0.1s",
      "--objective",
      "distill",
      "--seed",
      "2",
      "--out",
      out,
      "--quiet",
    ]);
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain(
      "--seed 2 --heal 0.1s --text ./stories.txt --rate 0.071 --objective distill --chat-template none --out ./out",
    );
  });
});

describe("revocab extend --heal", () => {
  it("trains what it has added, and its card says how to do it again", async () => {
    const out = join(scratch(), "out");
    const args = [
      "extend",
      SAMPLE_MODEL,
      "--special",
      "<|tool|>",
      "--method",
      "subtoken-mean",
      "--text",
      SAMPLE_TEXT,
    ];
    const healing = ["--heal", "0.1k", "--heal-rows", "all"];
    const finished = await inProcess([...args, ...healing, "--out", out, "--quiet"]);
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(finished.stdout).toContain("\nTrained on stories.txt, ");
    expect(readFileSync(join(out, "README.md"), "utf8")).toMatch(
      /^revocab extend \.\/model --special '<\|tool\|>' [\s\S]*--heal 0\.1k --text \.\/stories\.txt --heal-rows all --rate 0\.071/m,
    );
  });
});

describe("wrong usage exits 2, before anything is read", () => {
  it.each([
    [
      "no text, and no model that could write one",
      ["heal", SAMPLE_MODEL, "--out", "x"],
      /there is no text to train rows on.*\n {2}→ give a --text, or as --teacher /,
    ],
    [
      "an objective without a teacher",
      [...heal, "--objective", "alm", "--out", "x"],
      /--objective is alm, and there is no --teacher\n {2}→ give the model .* as --teacher/,
    ],
    [
      "an objective that is none",
      [...heal, "--objective", "mlm", "--out", "x"],
      /'mlm' is invalid. Allowed choices are lm, distill, alm/,
    ],
    ["no output", heal, /'-o, --out <folder>' not specified/],
    ["no time", [...heal, "--out", "x", "--minutes", "0"], /'0' is invalid\. expected a number above 0\n/],
    ["no tokens", [...heal, "--out", "x", "--tokens", "0k"], /'0k' is invalid\. .* 500k, 2M or 150000\n/],
    [
      "a time and a number of tokens",
      [...heal, "--out", "x", "--minutes", "1", "--tokens", "2M"],
      /'--minutes <n>' cannot be used with option '--tokens <n>'\n/,
    ],
    [
      "a rate below zero",
      [...heal, "--out", "x", "--rate", "-1"],
      /'-1' is invalid\. expected a number above 0/,
    ],
    [
      "a budget without a unit",
      [...swap, "--out", "x", "--heal", "10"],
      /'10' is invalid\. expected a time as 90s, 10m or 1h, or tokens as 500k or 2M\n/,
    ],
    ["a budget of nothing", [...plan, "--out", "x", "--heal", "0m"], /'0m' is invalid/],
    [
      "--heal in a dry run",
      [...swap, "--dry-run", "--text", SAMPLE_TEXT, "--heal", "10m"],
      /--heal trains the rows of a swap, but --dry-run makes none\n {2}→ revocab plan --heal /,
    ],
  ])("%s", async (_, args, message) => {
    const finished = await inProcess([...args, "--quiet"]);
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(finished, message);
  });

  it("an output that exists is refused before training", async () => {
    const out = join(scratch(), "out");
    mkdirSync(out);
    for (const args of [heal, [...swap, "--text", SAMPLE_TEXT, "--heal", "1h"]]) {
      const finished = await inProcess([...args, "--out", out]);
      expect(finished).toMatchObject({ code: 1, stdout: "" });
      expect(finished.stderr).toMatch(/^revocab: the output .* exists already\n {2}→ .*--force/);
    }
  });
});

describe("Ctrl-C while rows are trained", () => {
  /** Enough text that training goes on until it is stopped. */
  const longRun = (place: string, ...more: string[]) => {
    const text = join(place, "text.txt");
    writeFileSync(text, `${readFileSync(SAMPLE_TEXT, "utf8")}\n<|endoftext|>\n`.repeat(10));
    return ["heal", SAMPLE_MODEL, "--text", text, "--minutes", "30", "--out", join(place, "out"), ...more];
  };

  /** Interrupts at the first line that starts so, and at each that follows. */
  const interruptedAt = (args: readonly string[], ...lines: string[]) => {
    const waiting = [...lines];
    let seen = "";
    return revocab(args, {
      onStderr: (text, child) => {
        seen += text;
        if (waiting[0] === undefined || !seen.includes(waiting[0])) return;
        waiting.shift();
        child.kill("SIGINT");
      },
    });
  };

  it("leaves nothing", async () => {
    const place = scratch();
    const finished = await interruptedAt(longRun(place), "train rows …");
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(finished.stderr).toContain("revocab: stopped; nothing was written\n");
    expect(readdirSync(place)).toEqual(["text.txt"]);
  });

  it("with --state keeps the training, and the same command goes on with it", async () => {
    const place = scratch();
    const [text, state, out] = [SAMPLE_TEXT, join(place, "state"), join(place, "out")];
    const steps = ["--steps", "3", "--batch", "256", "--threads", "1"];
    const whole = ["heal", SAMPLE_MODEL, "--text", text, ...steps, "--out", join(place, "whole"), "--quiet"];
    expect(await inProcess(whole)).toMatchObject({ code: 0 });
    const args = ["heal", SAMPLE_MODEL, "--text", text, ...steps, "--state", state, "--out", out];
    const stopped = await interruptedAt(args, "train rows: ");
    expect(stopped).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(stopped.stderr).toMatch(
      /\nrevocab: stopped; nothing was written; the training is kept as it was after step \d, in .*state\n {2}→ run it again with the same options to go on\n$/,
    );
    expect(readdirSync(place).sort()).toEqual(["state", "whole"]);
    const other = await inProcess([...args.map((word) => (word === "256" ? "128" : word)), "--quiet"]);
    expectOneFailure(other, /: its batchTokens is 256, here it is 128\n {2}→ name another file, or remove /);
    expect(await inProcess([...args, "--quiet"])).toMatchObject({ code: 0 });
    expect(contentOf(out)).toEqual(contentOf(join(place, "whole")));
    expect(readdirSync(place).sort()).toEqual(["out", "whole"]);
  });

  it("with --keep and --state writes the best rows so far, and says where the training is", async () => {
    const place = scratch();
    const state = join(place, "state");
    const finished = await interruptedAt(longRun(place, "--keep", "--state", state), "train rows …");
    expect(finished).toMatchObject({ code: 0, signal: null });
    expect(finished.stdout).toContain(`The training can go on: it is kept in ${state}; run `);
    expect(readdirSync(place).sort()).toEqual(["out", "state", "text.txt"]);
  });

  it("with --keep writes the best rows so far", async () => {
    const place = scratch();
    const finished = await interruptedAt(longRun(place, "--keep"), "train rows …");
    expect(finished).toMatchObject({ code: 0, signal: null });
    expect(finished.stderr).toContain("stopped: what is done is kept and written; Ctrl-C again ");
    expect(finished.stdout).toMatch(/^ {2}ended by +Ctrl-C$/m);
    expect(readdirSync(place).sort()).toEqual(["out", "text.txt"]);
    expect(Object.keys(contentOf(join(place, "out")))).toContain("model.safetensors");
  });

  it("with --keep leaves nothing at a second one", async () => {
    const place = scratch();
    const finished = await interruptedAt(longRun(place, "--keep"), "train rows …", "stopped: ");
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(finished.stderr).toContain("revocab: stopped; nothing was written\n");
    expect(readdirSync(place)).toEqual(["text.txt"]);
  });
});
