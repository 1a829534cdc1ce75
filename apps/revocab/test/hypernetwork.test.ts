import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

const scratch = scratchFolders();
const HYPERNETWORK = join(SAMPLE_MODEL, "../hypernetwork");
const inputs = [SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--method", "hypernetwork", "--quiet"];
const withNetwork = (folder: string) => ["--with", `hypernetwork=${folder}`];

interface Report {
  readonly notes: readonly string[];
  readonly tables: readonly { readonly origins: Readonly<Record<string, number>> }[];
  readonly evaluation: { readonly before: { bitsPerByte: number }; readonly after: { bitsPerByte: number } };
}

describe("revocab swap --method hypernetwork", () => {
  it("predicts the rows of new tokens, scores the model, and writes what its plan writes", async () => {
    const folder = scratch();
    const out = join(folder, "swapped");
    const network = withNetwork(HYPERNETWORK);
    const swapped = await revocab(["swap", ...inputs, ...network, "--out", out, "--eval", SAMPLE_TEXT]);
    expect([swapped.code, swapped.stderr]).toEqual([0, ""]);
    const report = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as Report;
    expect(report.tables[0]?.origins).toEqual({ hypernetwork: 3000 });
    expect(report.notes.join("\n")).toMatch(/model\.safetensors: sha256 [0-9a-f]{64}/);
    // figures of the network's numerics are shown while it works, and are no limit of the model
    expect(report.notes.join("\n")).not.toMatch(/median norm/);
    const paper = "(https://arxiv.org/abs/2405.07883)";
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain(paper);
    // subtoken-mean gives 1.64
    expect(report.evaluation.after.bitsPerByte).toBeLessThan(1.6);

    const plan = join(folder, "plan");
    const applied = join(folder, "applied");
    expect((await inProcess(["plan", ...inputs, ...network, "--out", plan])).code).toBe(0);
    const apply = ["apply", plan, "--model", SAMPLE_MODEL, "--out", applied, "--quiet"];
    expect((await inProcess(apply)).code).toBe(0);
    const weights = (of: string) => readFileSync(join(of, "model.safetensors"));
    expect(weights(applied).equals(weights(out))).toBe(true);
    expect(readFileSync(join(applied, "README.md"), "utf8")).toContain(paper);
  });

  it("says what is wrong with a folder that is no hypernetwork, or a language it does not ask for", async () => {
    const out = join(scratch(), "out");
    const swap = (...options: string[]) => inProcess(["swap", ...inputs, ...options, "--out", out]);
    const model = await swap(...withNetwork(SAMPLE_MODEL));
    expect(model.code).toBe(1);
    expectOneFailure(model, /describes no ZeTT hypernetwork/);
    const german = await swap(...withNetwork(HYPERNETWORK), "--with", "language=de");
    expect(german.code).toBe(2);
    expectOneFailure(german, /the language "de" was given, but this hypernetwork asks for none/);
    expectOneFailure(await swap(), /needs the option hypernetwork/);
  });
});
