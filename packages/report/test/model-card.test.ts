import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mean, random, subtokenMean } from "@revocab/embedding-init";
import { modelCard, type SwapReport } from "@revocab/report";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { type SwapOptions, swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();

/** A swap of the sample: the card in the folder, and the report it was made from. */
async function swapped(options: Partial<SwapOptions> = {}): Promise<{ card: string; report: SwapReport }> {
  const out = join(scratch(), "out");
  const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean() };
  const report = await swapTokenizer({ ...inputs, ...options, out });
  return { card: readFileSync(join(out, "README.md"), "utf8"), report };
}

/** The lines below a heading, up to the next. */
function section(card: string, heading: string): string {
  const parts = card.split(/^## (.+)$/m);
  return parts[parts.indexOf(heading) + 1] ?? "";
}

/** The rows of the first table, without its head. */
function tableIn(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) =>
      line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.trim()),
    );
}

describe("the model card in the written folder", () => {
  it("links to the papers of the catalog and on arXiv, and to nothing else that a plan names", async () => {
    const { report } = await swapped();
    const cardOf = (name: string, paper: string) =>
      modelCard({ ...report, recipe: { ...report.recipe, methods: [{ name, options: {}, paper }] } });
    expect(cardOf("own", "https://arxiv.org/abs/2405.07883")).toContain("(https://arxiv.org/abs/2405.07883)");
    expect(cardOf("own", "https://evil.example/login")).toContain("(`https://evil.example/login`)");
    expect(cardOf("subtoken-mean", "https://evil.example/login")).not.toMatch(/[(`]+https:\/\/evil/);
  });

  it("says what was done, by which methods, and how many rows each made", async () => {
    const { card, report } = await swapped({ fallback: random(), seed: 5 });
    expect(card).toBe(modelCard(report));
    expect(card).toContain("# model with the tokenizer of tokenizer\n");
    expect(card).toContain(
      "3,000 tokens in 3,000 rows, where it had 1,280; 955,520 parameters became 1,175,680",
    );
    const rows = section(card, "Where the rows come from");
    expect(tableIn(rows)).toEqual([
      ["`input`", "`copy-overlap`", "872"],
      ["`input`", "`subtoken-mean`", "2,128"],
    ]);
    expect(rows).toContain('- `subtoken-mean`, options `{"weighting":"uniform"}`: Each new token becomes');
    expect(rows).toContain("(https://arxiv.org/abs/2402.09977)");
    expect(rows.indexOf("- `copy-overlap`")).toBeLessThan(rows.indexOf("- `subtoken-mean`"));
    expect(rows.indexOf("- `subtoken-mean`")).toBeLessThan(rows.indexOf("- `random`"));
  });

  it("holds the recipe as revocab.json has it", async () => {
    const { card, report } = await swapped({ seed: 5, padToMultipleOf: 64 });
    const [, json] = /^```json\n(.+?)\n```$/ms.exec(section(card, "Reproduce")) ?? [];
    expect(JSON.parse(json ?? "")).toEqual(report.recipe);
    expect(report.recipe).toMatchObject({ seed: 5, padToMultipleOf: 64 });
  });

  it("says that nothing was measured when nothing was", async () => {
    expect(section((await swapped()).card, "Measured").trim()).toBe("Nothing was measured.");
  });

  it("says what was measured, on what, and that nothing was trained", async () => {
    const { card, report } = await swapped({ evaluate: { text: SAMPLE_TEXT, maxBytes: 1000 } });
    const { before, after } = report.evaluation!;
    if (before.kind !== "bits-per-byte" || after.kind !== "bits-per-byte") throw new Error("not causal");
    const measured = section(card, "Measured");
    expect(measured).toContain("On the first 960 bytes (2 documents) of `stories.txt`, before any training");
    expect(tableIn(measured)).toEqual([
      ["bits per byte", before.bitsPerByte.toFixed(4), after.bitsPerByte.toFixed(4)],
      ["bytes per token", before.bytesPerToken.toFixed(3), after.bytesPerToken.toFixed(3)],
      ["tokens", `${before.tokens}`, `${after.tokens}`],
    ]);
    expect(before.bitsPerByte).toBeLessThan(after.bitsPerByte);
    expect(card).toContain("Nothing was trained.");
  });

  it("gives the verdict in a sentence: how much better or worse, in how many tokens", async () => {
    const { report } = await swapped({ evaluate: { text: SAMPLE_TEXT } });
    const scored = report.evaluation!.before;
    if (scored.kind !== "bits-per-byte") throw new Error("not causal");
    const verdict = (bits: number, tokens: number) => {
      const after = { ...scored, bitsPerByte: scored.bitsPerByte * bits, tokens: scored.tokens * tokens };
      const card = modelCard({ ...report, evaluation: { ...report.evaluation!, after } });
      return section(card, "Measured").trim().split("\n")[0];
    };
    const [start, end] = [
      "Before any training, the model predicts the text",
      "the source does (by bits per byte), in",
    ];
    expect(verdict(1.25, 0.5)).toBe(`${start} 25 % worse than ${end} 50 % fewer tokens.`);
    expect(verdict(0.985, 2)).toBe(`${start} 1.5 % better than ${end} 100 % more tokens.`);
    expect(verdict(1.0001, 1)).toBe(`${start} as well as ${end} as many tokens.`);
  });

  it("says how to open the model, by its class and library", async () => {
    const { card, report } = await swapped();
    const use = (changes: Partial<SwapReport>) => section(modelCard({ ...report, ...changes }), "Use");
    expect(section(card, "Use")).toBe(use({ architecture: "LlamaForCausalLM" }));
    expect(section(card, "Use")).toContain("model = AutoModelForCausalLM.from_pretrained(path)");
    expect(use({ chatTemplate: { from: "source" } })).toContain("tokenizer.apply_chat_template(");
    expect(use({ architecture: "BertForMaskedLM" })).toContain('pipeline("fill-mask", model=path)');
    expect(use({ architecture: "WhisperForConditionalGeneration" })).toContain(
      "from transformers import AutoTokenizer, WhisperForConditionalGeneration",
    );
    expect(use({ architecture: "x; import os" })).toContain("AutoModel.from_pretrained(path)");
    expect(use({ card: { ...report.card, library: "sentence-transformers" } })).toContain(
      "SentenceTransformer(path)",
    );
    expect(use({ source: { ...report.source, modelType: "model2vec" } })).toContain(
      "StaticModel.from_pretrained(path)",
    );
  });

  it("never says of a pseudo-likelihood that it is bits per byte of a decoder", async () => {
    const { report } = await swapped({ evaluate: { text: SAMPLE_TEXT } });
    const one = {
      kind: "pseudo-likelihood",
      pseudoBitsPerByte: 2.5,
      bytesPerToken: 4,
      tokens: 10,
      notes: ["a note of the score"],
    } as unknown as NonNullable<SwapReport["evaluation"]>["before"];
    const card = modelCard({ ...report, evaluation: { ...report.evaluation!, before: one, after: one } });
    const measured = section(card, "Measured");
    expect(measured).toContain("pseudo-likelihood of masked tokens");
    expect(measured).toContain("not comparable with a decoder's");
    expect(tableIn(measured)[0]).toEqual(["pseudo bits per byte", "2.5000", "2.5000"]);
    expect(measured).toContain("- before: a note of the score\n- after: a note of the score\n");
  });

  it("takes the place of the source's card, which is of another model", async () => {
    const model = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    writeFileSync(join(model, "README.md"), "# the best model of all\n");
    const { card, report } = await swapped({ model, method: mean() });
    expect(card).not.toContain("the best model of all");
    expect(report.companions.left).toContainEqual({ name: "README.md", reason: "written anew" });
  });
});

describe("names in the card", () => {
  it("of a hub snapshot become its base model, and a folder's does not: it names no repository", async () => {
    expect((await swapped()).card).toMatch(
      /^---\nlibrary_name: transformers\ntags:\n- revocab\n- tokenizer-transfer\n---\n/,
    );
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const model = join(scratch(), "models--org--small-model", "snapshots", commit);
    mkdirSync(model, { recursive: true });
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    const { card } = await swapped({ model });
    expect(card.split("---\n")[1]).toContain('base_model:\n- "org/small-model"\n');
  });

  it("cannot become markup or end a table", async () => {
    const model = join(scratch(), "we|ird *name* `code` <script> [link](x)\n# heading");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    const { card, report } = await swapped({ model });
    const notes = { ...report, notes: ["a note\n# with | a heading and <b>markup</b>"] };
    expect(modelCard(notes)).toContain("- a note\\\\n\\# with \\| a heading and \\<b\\>markup\\</b\\>\n");
    const [title] = card.match(/^# .+$/gm) ?? [];
    expect(title).toBe(
      "# we\\|ird \\*name\\* \\`code\\` \\<script\\> \\[link\\](x)\\\\n\\# heading with the tokenizer of tokenizer",
    );
    expect(card.match(/^# /gm)).toHaveLength(1);
    expect(card).toContain("gave ``we|ird *name* `code` <script> [link](x)\\n# heading``");
    expect(card.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "").replaceAll("\\<", "")).not.toContain("<script>");
  });
});
