import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { cardFacts, modelCard, type SwapReport } from "@revocab/report";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { type SwapOptions, swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const scratch = scratchFolders();
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A swap of the sample as a snapshot of the Hub, with a card; what it reports and the card it writes. */
async function swapped(card: string | undefined, options: Partial<SwapOptions> = {}) {
  const folder = scratch();
  const model = join(folder, "models--org--small-model", "snapshots", COMMIT);
  mkdirSync(model, { recursive: true });
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  if (card !== undefined) writeFileSync(join(model, "README.md"), card);
  const out = join(folder, "out");
  const report = await swapTokenizer({
    model,
    tokenizer: SAMPLE_TOKENIZER,
    method: subtokenMean(),
    ...options,
    out,
  });
  return { report, card: readFileSync(join(out, "README.md"), "utf8") };
}

const metadataOf = (card: string) => card.split("---\n")[1];

describe("the metadata of a card", () => {
  it("names the base, the relation, the license and the languages of the source's card, and how to load it", async () => {
    const source = "---\nlicense: llama3.2\nlanguage:\n- en\n- pt-BR\ntags: [x]\n---\n# Source\n";
    const { card, report } = await swapped(source);
    expect(metadataOf(card)).toBe(
      'language:\n- "en"\n- "pt-BR"\nlicense: "llama3.2"\nlibrary_name: transformers\n' +
        'tags:\n- revocab\n- tokenizer-transfer\nbase_model:\n- "org/small-model"\nbase_model_relation: finetune\n',
    );
    expect(card).toContain("The license is that of `org/small-model`: `llama3.2`.");
    expect(report.card).toEqual({
      licenses: ["llama3.2"],
      licenseName: null,
      licenseLink: null,
      languages: ["en", "pt-BR"],
    });
  });

  it("carries the task, the data sets and a library that cards are read by, and no value that is none of these", async () => {
    const { card, report } = await swapped(
      "---\npipeline_tag: text-generation\ndatasets:\n- roneneldan/TinyStories\n- <b>bold</b>\n- c4\nlibrary_name: vllm\nbase_model: [a b]\n---\n",
    );
    expect(metadataOf(card)).toContain(
      'library_name: transformers\npipeline_tag: "text-generation"\ntags:\n',
    );
    expect(metadataOf(card)).toContain(
      'datasets:\n- "roneneldan/TinyStories"\n- "c4"\nbase_model:\n- "org/small-model"\n',
    );
    expect(report.card).toMatchObject({ library: "vllm", datasets: ["roneneldan/TinyStories", "c4"] });
    expect(report.card).not.toHaveProperty("baseModels");
  });

  it("names the base of a local folder's card: the folder itself is no repository", async () => {
    const model = join(scratch(), "my-fine-tune");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    writeFileSync(join(model, "README.md"), "---\nbase_model: meta-llama/Llama-3.2-1B\n---\n");
    const { card } = await swapped(undefined, { model });
    expect(metadataOf(card)).toContain(
      'base_model:\n- "meta-llama/Llama-3.2-1B"\nbase_model_relation: finetune\n',
    );
  });

  it("carries another license by its name and its address", async () => {
    const source = `---\r\nlicense: other\r\nlicense_name: "my-license 1.0"\r\nlicense_link: https://example.org/LICENSE # its text\r\n---\r\n`;
    const { card } = await swapped(source);
    expect(metadataOf(card)).toContain(
      'license: "other"\nlicense_name: "my-license 1.0"\nlicense_link: "https://example.org/LICENSE"\n',
    );
  });

  it.each([
    ["there is no card", undefined],
    ["the card has no metadata", "# A model\nlicense: mit\n"],
    ["the metadata do not end", "---\nlicense: mit\n"],
  ])("claims no license and no language when %s", async (_, source) => {
    const { card, report } = await swapped(source);
    expect(card).not.toMatch(/licen[sc]e|language/i);
    expect(report.card).toEqual({ licenses: [], licenseName: null, licenseLink: null, languages: [] });
  });

  it("names the languages that were given instead of the source's", async () => {
    const { card } = await swapped("---\nlanguage: en\n---\n", { languages: ["no"] });
    expect(metadataOf(card)).toContain('language:\n- "no"\n');
    await expect(swapped(undefined, { languages: ["German"] })).rejects.toMatchObject({
      code: "bad_options",
      message: '"German" is no code of a language such as de or pt-BR',
    });
  });
});

describe("metadata that are read as YAML again", () => {
  it("are texts to readers of YAML 1.1 and 1.2, and names of the Hub alone are a base", async () => {
    const { report } = await swapped(`---\nlicense: 1e3\nlicense_name: "on"\nlanguage: [no, en]\n---\n`);
    const read = (version: "1.1" | "1.2", name: string) => {
      const inputs = { ...report.inputs, source: { ...report.inputs.source, name } };
      return parse(metadataOf(modelCard({ ...report, inputs }))!, { version });
    };
    for (const version of ["1.1", "1.2"] as const) {
      expect(read(version, "org/small-model")).toEqual({
        language: ["no", "en"],
        license: "1e3",
        license_name: "on",
        library_name: "transformers",
        tags: ["revocab", "tokenizer-transfer"],
        base_model: ["org/small-model"],
        base_model_relation: "finetune",
      });
      expect(read(version, 'org/a"\n\u202elicense: mit')).not.toHaveProperty("base_model");
    }
  });
});

describe("facts of a card", () => {
  it("are read from lists in both notations, with quotes and comments", () => {
    const facts = cardFacts(
      `---\nlicense: ['mit', "apache-2.0"]\nlanguage: [de, "no"] # two\nwidget:\n- text: hello\n---\n`,
    );
    expect(facts).toMatchObject({ licenses: ["mit", "apache-2.0"], languages: ["de", "no"] });
  });

  it("are looked for in lines of a length that facts have, in a card of 2 MB too", () => {
    const blanks = " ".repeat(2e6);
    for (const line of [
      `license:${blanks}a\u2028b`,
      `-${blanks}a\u2028b`,
      `language: "${"' ".repeat(1e6)}`,
    ]) {
      expect(cardFacts(`---\n${line}\nlicense: mit\n---\n`)).toMatchObject({
        licenses: ["mit"],
        languages: [],
      });
    }
  });

  it("are read as texts, whatever YAML takes them for, over several lines and with a field's last value", () => {
    expect(cardFacts("---\nlicense: 1e3\nlanguage: [no, 'yes', on, null, ~, en]\n---\n")).toMatchObject({
      licenses: ["1e3"],
      languages: ["no", "yes", "on", "en"],
    });
    expect(
      cardFacts("---\nlicense: mit\nlicense_name: 2024-05-01\nlicense: >-\n  llama2\n---\n"),
    ).toMatchObject({
      licenses: ["llama2"],
      licenseName: "2024-05-01",
    });
    expect(
      cardFacts(
        '---\r\nlanguage: [\r\n  "de",\r\n  en # both\r\n]\r\nlicense_name:\r\n  "my\r\n  own"\r\n---',
      ),
    ).toMatchObject({ languages: ["de", "en"], licenseName: "my own" });
  });

  it("are read between comments of any length", () => {
    const comment = "# of the template\r\n".repeat(1_000);
    const card = `---\r\n${comment}license: mit\r\n${comment}language:\r\n- en\r\n${comment}- de # two\r\n---\r\n`;
    expect(cardFacts(card)).toMatchObject({ licenses: ["mit"], languages: ["en", "de"] });
  });

  it("are those of the card itself: no part of another field, no alias", () => {
    const card = [
      "model-index: &x",
      "- license: mit",
      "  language: en",
      "text: |",
      "  license: mit",
      "license: &mit mit",
      "language: *x",
      "license_name: *mit",
      "---",
    ];
    expect(cardFacts(`---\n${card.join("\n")}\n`)).toEqual({
      licenses: ["mit"],
      licenseName: null,
      licenseLink: null,
      languages: [],
    });
  });

  it.each([
    ["aliases of aliases", `[${Array.from({ length: 180 }, (_, i) => `&a${i} [*a${i - 1}, *a${i - 1}]`)}]`],
    ["lists in lists", "[".repeat(3_900)],
    ["lists in lists, line by line", `\n${"- ".repeat(1_950)}`],
    ["an end of quotes that never comes", '"mit'],
    ["two mappings on a line", "mit: license: mit"],
  ])("are left out where YAML is broken or hostile (%s), and the other fields still count", (_, value) => {
    expect(cardFacts(`---\nlicense: ${value}\nlanguage: de\n---\n`)).toMatchObject({
      licenses: [],
      languages: ["de"],
    });
  });

  it("are no markup, no code and no second field: what is none of their kind is left out", () => {
    const hostile = [
      "license: mit]\\nbase_model: evil/model",
      "license_link: javascript:alert(1)",
      "license_name: <script>",
      "language: [en, '../..', 'en\\nlicense: x', '$(id)', toolongforalanguage]",
    ];
    expect(cardFacts(`---\n${hostile.join("\n")}\n---\n`)).toEqual({
      licenses: [],
      licenseName: null,
      licenseLink: null,
      languages: ["en"],
    });
  });
});

describe("why a model was swapped", () => {
  it("is told by what the source lacked, and never by what was not measured", async () => {
    const { card } = await swapped(undefined);
    const [, why] = /## What changed\n\n(.+)\n/.exec(card) ?? [];
    expect(why).toBe(
      "Text is written in the tokens of `tokenizer`. In common with `org/small-model` are 872 of its 3,000 tokens (29 %); 2,128 " +
        "others were written in several tokens, or in bytes. Numbers are split digit by digit (1+2+3+4), as in the source.",
    );
    expect(card).not.toMatch(/better|faster|improve|bits per byte/);
  });

  it("names how the method was chosen, when methods were compared", async () => {
    const { report } = await swapped(undefined);
    const methods = [{ name: "mean" }, { name: "subtoken-mean" }];
    const comparison = { text: { bytes: 12_345 }, methods, best: 1 } as unknown as NonNullable<
      SwapReport["comparison"]
    >;
    expect(modelCard({ ...report, comparison })).toContain(
      "Of 2 methods that were tried on 12,345 bytes of text, `subtoken-mean` was taken: it scored best before any training.",
    );
    const trained = { ...comparison, training: { steps: 50, text: comparison.text } };
    expect(modelCard({ ...report, comparison: trained })).toContain(
      "it scored best after 50 steps of training its rows.",
    );
  });
});
