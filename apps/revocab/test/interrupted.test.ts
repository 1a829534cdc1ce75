import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { beforeEach, describe, expect, it } from "vitest";
import { revocab } from "./revocab.ts";
import { addTensor } from "./safetensors.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();
let at: Workplace;
let before: Record<string, string>;

beforeEach(() => {
  at = workplace(scratch());
  addTensor(join(at.model, "model.safetensors"), "model.layers.9.mlp.up_proj.weight", 16);
  before = contentOf(at.inputs);
});

const swap = (...more: string[]) => ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out, ...more];

/** Progress aside, one message with its hint. */
function messagesOf(stderr: string): string[] {
  return stderr.split("\n").filter((line) => /^(revocab: | {2}→ )| {4}at /.test(line));
}

describe("Ctrl-C", () => {
  it("from the outside, in the middle of writing, ends with one message and leaves nothing", async () => {
    let sent = false;
    const finished = await revocab(swap(), {
      onStderr: (text, child) => {
        if (!sent && text.includes("write …")) sent = child.kill("SIGINT");
      },
    });
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(messagesOf(finished.stderr)).toEqual([
      "revocab: stopped; nothing was written",
      "  → run the command again to start over",
    ]);
    expect(readdirSync(at.place)).toEqual([]);
    expect(contentOf(at.inputs)).toEqual(before);
  });

  it.each([
    ["SIGINT", "write weights: ", 130],
    ["SIGTERM", "check …", 143],
  ])("%s at “%s” leaves nothing, and the old output as it was", async (SIGNAL, SIGNAL_AT, code) => {
    mkdirSync(at.out);
    // what has no config.json is never replaced, and no work begun
    writeFileSync(join(at.out, "config.json"), "mine");
    const old = contentOf(at.out);
    const env = { SIGNAL, SIGNAL_AT };
    const finished = await revocab(swap("--force"), { env, preload: "signal-at.mjs" });
    expect(finished).toMatchObject({ code, signal: null, stdout: "" });
    expect(messagesOf(finished.stderr)).toHaveLength(2);
    expect(readdirSync(at.place)).toEqual(["out"]);
    expect(contentOf(at.out)).toEqual(old);
    expect(contentOf(at.inputs)).toEqual(before);
  });

  it("while the page of a written model is made leaves the model, and says how to make the page", async () => {
    const page = join(at.place, "page.html");
    const env = { SIGNAL: "SIGINT", SIGNAL_AT: "look at rows" };
    const finished = await revocab(swap("--html", page), { env, preload: "signal-at.mjs" });
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(messagesOf(finished.stderr)).toEqual([
      `revocab: the model is in ${at.out}, but its page was not written: stopped; nothing was written`,
      `  → revocab report ${at.out} --source ${at.model} --html ${page} writes the page alone`,
    ]);
    expect(readdirSync(at.place)).toEqual(["out"]);
  });

  it("while a plan is saved leaves no plan", async () => {
    const env = { SIGNAL: "SIGINT", SIGNAL_AT: "plan input …" };
    const args = ["plan", at.model, "--tokenizer", at.tokenizer, "--out", join(at.place, "swap.plan")];
    const finished = await revocab(args, { env, preload: "signal-at.mjs" });
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(messagesOf(finished.stderr)).toHaveLength(2);
    expect(readdirSync(at.place)).toEqual([]);
  });
});

describe("Ctrl-C while a text is scored", () => {
  /** 100 kB: about four windowfuls of the model's batches, some seconds of work. */
  const longText = () => {
    const text = join(at.inputs, "text.txt");
    writeFileSync(text, `${readFileSync(SAMPLE_TEXT, "utf8")}\n<|endoftext|>\n`.repeat(45));
    before = contentOf(at.inputs);
    return text;
  };

  it.each(["eval", "compare"])("of %s stops at once, in the middle of the text", async (command) => {
    let sent = false;
    const tokenizer = command === "compare" ? ["--tokenizer", at.tokenizer] : [];
    const finished = await revocab([command, SAMPLE_MODEL, ...tokenizer, "--text", longText()], {
      onStderr: (text, child) => {
        if (!sent && text.includes("score: ")) sent = child.kill("SIGINT");
      },
    });
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(messagesOf(finished.stderr)).toHaveLength(2);
    const [, done, total] = /score: ([\d,]+) of ([\d,]+) tokens/.exec(finished.stderr) ?? [];
    expect(total).toBe("30,240");
    expect(done).not.toBe(total);
    expect(finished.stderr).not.toContain("score: 30,240 of");
  });

  it.each(["before: score", "after: score"])("of a swap at “%s” leaves nothing", async (SIGNAL_AT) => {
    const env = { SIGNAL: "SIGINT", SIGNAL_AT };
    const text = longText();
    const finished = await revocab(swap("--eval", text), { env, preload: "signal-at.mjs" });
    expect(finished).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(messagesOf(finished.stderr)).toEqual([
      "revocab: stopped; nothing was written",
      "  → run the command again to start over",
    ]);
    // the first of four chunks was scored, the last was not
    expect(finished.stderr).toMatch(new RegExp(`^${SIGNAL_AT}: `, "m"));
    expect(finished.stderr.split(SIGNAL_AT)[1]).not.toContain("30,240 of 30,240");
    expect(readdirSync(at.place)).toEqual([]);
    expect(contentOf(at.inputs)).toEqual(before);
  });
});

/** What a killed run leaves of an output: what it wrote, and beside it whose that was. */
const leftOf = (name: string) =>
  ["", ".owner"].map((end) =>
    expect.stringMatching(new RegExp(`^\\.${name}\\.revocab-partial-r[0-9a-f]{10}${end}$`)),
  );

// elsewhere the next run waits for a quarter of an hour before it takes a run for dead
describe.runIf(process.platform === "linux")("kill -9", () => {
  it("at any moment leaves nothing at the target, and the next run cleans up and succeeds", async () => {
    for (const SIGNAL_AT of ["align …", "write …", "write weights: ", "check …"]) {
      const env = { SIGNAL: "SIGKILL", SIGNAL_AT };
      const killed = await revocab(swap(), { env, preload: "signal-at.mjs" });
      expect(killed).toMatchObject({ code: null, signal: "SIGKILL", stdout: "" });
      // what the run before left is gone: this one has cleaned up before it was killed
      expect(readdirSync(at.place)).toEqual(leftOf("out"));
      expect(contentOf(at.inputs)).toEqual(before);
    }
    expect((await revocab(swap("--quiet"))).code).toBe(0);
    expect(readdirSync(at.place)).toEqual(["out"]);
  });

  it("between moving the old output aside and putting the new one in place loses neither", async () => {
    mkdirSync(at.out);
    writeFileSync(join(at.out, "config.json"), "mine");
    const old = contentOf(at.out);
    const env = { SIGNAL: "SIGKILL", SIGNAL_AT_RENAME: "2" };
    const killed = await revocab(swap("--force"), { env, preload: "signal-at.mjs" });
    expect(killed.signal).toBe("SIGKILL");
    expect(readdirSync(at.place)).not.toContain("out");
    const refused = await revocab(swap("--quiet"));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^revocab: the output .* exists already\n {2}→ .*--force/);
    expect(contentOf(at.place)).toEqual({ "out/config.json": old["config.json"] });
    expect((await revocab(swap("--quiet", "--force"))).code).toBe(0);
    expect(readdirSync(at.place)).toEqual(["out"]);
    expect(readdirSync(at.out)).toContain("model.safetensors");
  });

  it("while a plan is saved leaves no plan, and the next run cleans up and succeeds", async () => {
    const args = ["plan", at.model, "--tokenizer", at.tokenizer, "--out", join(at.place, "swap.plan")];
    const env = { SIGNAL: "SIGKILL", SIGNAL_AT_RENAME: "1" };
    const killed = await revocab(args, { env, preload: "signal-at.mjs" });
    expect(killed.signal).toBe("SIGKILL");
    expect(readdirSync(at.place)).toEqual(leftOf("swap.plan"));
    expect((await revocab([...args, "--quiet"])).code).toBe(0);
    expect(readdirSync(at.place)).toEqual(["swap.plan"]);
  });
});
