import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOverlap, random, subtokenMean } from "@revocab/embedding-init";
import type { SwapReport } from "@revocab/report";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import {
  type EditPlanSummary,
  type EditVocabularyOptions,
  planVocabularyEdit,
  readCorpus,
  type SwapOptions,
  swapTokenizer,
} from "@revocab/transfer";
import { readTokenList } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";
import { reproducingCommand } from "../src/commands/reproducing-command.ts";

const scratch = scratchFolders();

function planned(edit: Partial<EditVocabularyOptions>): Promise<EditPlanSummary> {
  return planVocabularyEdit({ model: SAMPLE_MODEL, method: subtokenMean(), ...edit });
}

/** The command of a report with this recipe, on one line. */
function commandOf({ recipe }: EditPlanSummary): string | undefined {
  const inputs = { source: { name: "model", revision: null } };
  const report = { recipe, inputs, chatTemplate: { from: "none" } } as unknown as SwapReport;
  return reproducingCommand(report)?.replace(/\s*\\\n\s*/g, " ");
}

const HOW = "--method subtoken-mean --with weighting=uniform --fallback mean";

describe("the recipe of an edit", () => {
  it("names the texts by name and sha256, and its command has every choice", async () => {
    const folder = scratch();
    const file = (name: string, content: string) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return { path, record: { name, sha256: createHash("sha256").update(content).digest("hex") } };
    };
    const terms = file("terms.txt", "marmalade\n");
    const corpus = file("corpus.txt", "quagga quokka\n".repeat(20));
    const spare = file("spare.txt", "Once upon a time\n");
    const summary = await planned({
      list: await readTokenList(terms.path, { asWritten: true }),
      addedTokens: ["<|tool|>", "[END]"],
      learn: { corpus: readCorpus(corpus.path), count: 3, spare: readCorpus(spare.path) },
      prune: { keepFor: readCorpus(spare.path), atMost: 400, keepIds: true },
      skipRefused: true,
      padToMultipleOf: 64,
      seed: 3,
    });
    expect(summary.recipe.edit).toEqual({
      learn: { text: corpus.record, count: 3, minimumCount: null, spare: spare.record },
      tokens: { ...terms.record, asWritten: true },
      pieces: [],
      addedTokens: ["<|tool|>", "[END]"],
      skipRefused: true,
      prune: { keepFor: spare.record, keep: [], atMost: 400, keepIds: true },
    });
    expect(commandOf(summary)).toBe(
      "revocab extend ./model --tokens ./terms.txt --as-written --special '<|tool|>' '[END]' --learn ./corpus.txt --add 3 " +
        `--spare ./spare.txt --skip-refused --keep-for ./spare.txt --keep 400 --keep-ids ${HOW} --seed 3 ` +
        "--pad-to-multiple-of 64 --chat-template none --out ./out",
    );
  });

  it("that only takes out is a prune, unless the rows are asked for in a way of their own", async () => {
    const text = join(scratch(), "text.txt");
    writeFileSync(text, "Once upon a time\n");
    const prune = { keepFor: readCorpus(text) };
    expect(commandOf(await planned({ prune }))).toBe(
      "revocab prune ./model --keep-for ./text.txt --chat-template none --out ./out",
    );
    expect(commandOf(await planned({ prune, untie: true }))).toBe(
      `revocab extend ./model --keep-for ./text.txt ${HOW} --seed 0 --untie --chat-template none --out ./out`,
    );
  });

  it("says that the rows of kept tokens may change, where they may", async () => {
    const method = { ...subtokenMean(), changesShared: true };
    const edit = { addedTokens: ["<x>"], method };
    expect(commandOf(await planned({ ...edit, copyShared: false }))).toContain(
      " --fallback mean --no-copy --seed 0 ",
    );
    expect(commandOf(await planned(edit))).toContain(" --fallback mean --seed 0 ");
  });

  it.each<[what: string, edit: Partial<EditVocabularyOptions>]>([
    ["pieces from code", { pieces: [" marmalade"] }],
    ["a token with settings", { addedTokens: [{ content: "QED", special: false }] }],
    ["a token that reads as an option", { addedTokens: ["--force"] }],
    ["a token that would end its quotes", { addedTokens: ["it's; rm"] }],
    ["lines from code", { prune: { keepFor: ["Once"] } }],
    ["ids to keep", { prune: { keep: [300] } }],
  ])("has no command for %s", async (_, edit) => {
    const summary = await planned(edit);
    expect(summary.recipe.edit).toMatchObject("prune" in edit ? {} : JSON.parse(JSON.stringify(edit)));
    expect(commandOf(summary)).toBeUndefined();
  });
});

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A swap of the sample as a snapshot of the Hub, with the command in its card. */
async function swapped(options: Partial<SwapOptions> = {}) {
  const folder = scratch();
  const model = join(folder, "models--org--small-model", "snapshots", COMMIT);
  mkdirSync(model, { recursive: true });
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  const out = join(folder, "out");
  const report = await swapTokenizer({
    model,
    tokenizer: SAMPLE_TOKENIZER,
    method: subtokenMean(),
    card: { command: reproducingCommand },
    ...options,
    out,
  });
  return { report, card: readFileSync(join(out, "README.md"), "utf8") };
}

describe("the command in a card", () => {
  const commandIn = (card: string) => /```sh\n([\s\S]+?)\n```/.exec(card)?.[1]?.replace(/\s*\\\n\s*/g, " ");

  it("names the commits, the methods with their options, and every choice", async () => {
    const { card } = await swapped({
      fallback: random(),
      seed: 7,
      padToMultipleOf: 64,
      copyShared: false,
      untie: true,
    });
    expect(commandIn(card)).toBe(
      `revocab swap org/small-model@${COMMIT} --tokenizer ./tokenizer --method subtoken-mean --with weighting=uniform ` +
        "--fallback random --no-copy --seed 7 --untie --pad-to-multiple-of 64 --chat-template none --out ./out",
    );
  });

  it("says where the rows of digits come from, if that is their spelling", async () => {
    const { card } = await swapped({ digits: "spelling" });
    expect(commandIn(card)).toContain("--fallback mean --copy --digits spelling --seed 0 ");
  });

  it("names a number of rows that was asked for as such", async () => {
    const { card } = await swapped({ rows: 4000 });
    expect(commandIn(card)).toContain("--seed 0 --rows 4000 --chat-template");
  });

  it("says nothing of the mean that stands behind a fallback which needs evidence", async () => {
    const { card, report } = await swapped({ method: copyOverlap(), fallback: subtokenMean() });
    expect(report.recipe.methods.map(({ name }) => name)).toEqual([
      "copy-overlap",
      "copy-overlap",
      "subtoken-mean",
      "mean",
    ]);
    expect(commandIn(card)).toContain(" --fallback subtoken-mean --fallback-with weighting=uniform --");
  });

  it("is left out where it would not make the same model, or a shell would read more than words", async () => {
    const { report } = await swapped();
    const changed = (recipe: Partial<SwapReport["recipe"]>) =>
      reproducingCommand({ ...report, recipe: { ...report.recipe, ...recipe } });
    const [copy, method, fallback] = report.recipe.methods;
    expect(changed({})).toBeDefined();
    expect(changed({ methods: [copy!, method!, fallback!, fallback!] })).toBeUndefined();
    expect(changed({ methods: [copy!, method!] })).toBeUndefined();
    expect(
      changed({ methods: [copy!, { name: "focus", options: { nested: {} } }, fallback!] }),
    ).toBeUndefined();
    expect(
      changed({ methods: [copy!, { name: "focus", options: { vectors: "a b; rm" } }, fallback!] }),
    ).toBeUndefined();
    const inputs = { ...report.inputs, source: { ...report.inputs.source, revision: null, name: "a$(b)" } };
    expect(reproducingCommand({ ...report, inputs })).toBeUndefined();
  });

  it("names control tokens that the target tokenizer was given, and the end of texts", async () => {
    const { report } = await swapped();
    const recipe = { ...report.recipe, specials: ["<|im_start|>", "<|im_end|>"], eos: "<|im_end|>" };
    expect(reproducingCommand({ ...report, recipe })).toContain(
      "--special '<|im_start|>' '<|im_end|>' --eos '<|im_end|>'",
    );
  });

  it("names the file of a chat template", async () => {
    const { report } = await swapped();
    const chatTemplate = { from: "file" as const, file: { name: "chatml.jinja", sha256: "" } };
    expect(reproducingCommand({ ...report, chatTemplate })).toMatch(
      / --chat-template \.\/chatml\.jinja --out \.\/out$/,
    );
  });

  it("names the end of texts of an edited tokenizer", async () => {
    expect(commandOf(await planned({ addedTokens: ["<|im_end|>"], eos: "<|im_end|>" }))).toContain(
      "--special '<|im_end|>' --eos '<|im_end|>'",
    );
  });
});
