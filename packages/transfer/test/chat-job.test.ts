import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { mean, random, subtokenMean } from "@revocab/embedding-init";
import { savePlan } from "@revocab/plan";
import { modelCard } from "@revocab/report";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { applySavedPlan, editVocabulary, planTokenizerSwap, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { readTable } from "./stored-rows.ts";

const scratch = scratchFolders();

const CHATML = `{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
`;

/** The sample model, with other configs, and a chat template, in a folder of their own. */
function workplace({
  config = {},
  generation = {},
}: {
  config?: object;
  generation?: object | undefined;
} = {}) {
  const folder = scratch();
  const [model, template, out] = ["model", "chatml.jinja", "out"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  for (const [name, changes] of Object.entries({
    "config.json": config,
    "generation_config.json": generation,
  })) {
    const path = join(model, name);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
  }
  writeFileSync(template, CHATML);
  return { folder, model, template, out };
}

async function inputTable(directory: string) {
  const checkpoint = await openCheckpoint(directory);
  try {
    return await readTable(checkpoint, "input");
  } finally {
    await checkpoint.close();
  }
}

const read = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
const SPECIALS = ["<|im_start|>", "<|im_end|>"];

describe("a chat model in one go", () => {
  it("gets the specials, the template and the end of texts, everywhere they are named", async () => {
    const { model, template, out } = workplace();
    const job = { addedTokens: SPECIALS, eos: "<|im_end|>", chatTemplateFile: template };
    const report = await editVocabulary({ model, out, method: subtokenMean(), ...job });
    const { vocabulary, chatTemplates } = await loadTokenizer(out);
    const [start, end] = SPECIALS.map((special) => vocabulary.idOfSpecial(special)) as [number, number];
    expect([start, end]).toEqual([1280, 1281]);
    expect([...chatTemplates]).toEqual([["default", CHATML]]);
    expect(vocabulary.idOfRole("eos")).toBe(end);
    expect(read(out, "tokenizer_config.json").eos_token).toBe("<|im_end|>");
    expect(read(out, "config.json").eos_token_id).toBe(end);
    // generation still stops where the model was trained to
    expect(read(out, "generation_config.json").eos_token_id).toEqual([end, 1]);
    expect(report.chatTemplate).toEqual({
      from: "file",
      file: { name: "chatml.jinja", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      sample: {
        messages: expect.any(Array),
        text: [
          "<|im_start|>system\nYou answer in one word.<|im_end|>",
          "<|im_start|>user\nWhat does a cat say?<|im_end|>",
          "<|im_start|>assistant\nMeow.<|im_end|>",
          "<|im_start|>user\nAnd a cow?<|im_end|>",
          "<|im_start|>assistant\n",
        ].join("\n"),
        tokens: 58,
        specials: [...SPECIALS, ...SPECIALS, ...SPECIALS, ...SPECIALS, "<|im_start|>"],
      },
    });
    expect(report.recipe.edit?.eos).toBe("<|im_end|>");
    expect(report.chatTemplate.file?.name).toBe("chatml.jinja");
  });

  it("puts the new end of texts before the others of a list", async () => {
    const { model, template, out } = workplace({
      config: { eos_token_id: [1, 3] },
      generation: { eos_token_id: [3, 1] },
    });
    const job = { addedTokens: SPECIALS, eos: "<|im_end|>", chatTemplateFile: template };
    await editVocabulary({ model, out, method: subtokenMean(), ...job });
    expect(read(out, "config.json").eos_token_id).toEqual([1281, 1, 3]);
    expect(read(out, "generation_config.json").eos_token_id).toEqual([1281, 3, 1]);
  });

  it.each([
    ["mean", mean()],
    ["subtoken-mean, whose fallback is the mean", subtokenMean()],
  ])("gives new specials rows of their own with the method %s", async (_, method) => {
    const { model, out } = workplace();
    const addedTokens = [...SPECIALS, "<|tool|>", "<|think|>"];
    const report = await editVocabulary({ model, out, method, addedTokens, eos: "<|im_end|>" });
    const { bytes, rows } = await inputTable(out);
    const size = bytes.length / rows;
    const rowsByContent = new Map<string, number[]>();
    for (let row = 0; row < rows; row++) {
      const key = Buffer.from(bytes.subarray(row * size, (row + 1) * size)).toString("hex");
      rowsByContent.set(key, [...(rowsByContent.get(key) ?? []), row]);
    }
    expect([...rowsByContent.values()].filter((same) => same.length > 1)).toEqual([]);
    expect(report.tables[0]!.origins).toEqual({ "copy-overlap": 1280, "specials-apart": 4 });
    expect(report.notes.join()).toContain(
      "4 new specials have the row of a counterpart, or the mean, and noise",
    );
  });

  it("leaves the rows of specials to a fallback that is asked for", async () => {
    const { model, out } = workplace();
    const report = await editVocabulary({
      model,
      out,
      method: subtokenMean(),
      fallback: random(),
      addedTokens: ["<|a|>", "<|b|>"],
    });
    expect(report.tables[0]!.origins).toEqual({ "copy-overlap": 1280, random: 2 });
  });

  it("refuses a template whose control tokens the tokenizer does not have, and one that is none", async () => {
    const { folder, model, template, out } = workplace();
    const edit = { model, out, method: subtokenMean(), addedTokens: ["<|im_start|>"] };
    await expect(editVocabulary({ ...edit, chatTemplateFile: template })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(
        /chatml\.jinja writes "<\|im_end\|>", which the tokenizer does not have as one token$/,
      ),
      hint: 'add what is missing as control tokens: `specials: "<|im_end|>"`',
    });
    const broken = join(folder, "broken.jinja");
    writeFileSync(broken, "{% for message in messages %}");
    await expect(editVocabulary({ ...edit, chatTemplateFile: broken })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("the chat template renders no conversation"),
    });
    writeFileSync(broken, "\n");
    await expect(editVocabulary({ ...edit, chatTemplateFile: broken })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("broken.jinja writes nothing of a conversation"),
    });
    await expect(
      editVocabulary({ ...edit, chatTemplateFile: join(folder, "nothing.jinja") }),
    ).rejects.toMatchObject({ code: "missing_file" });
    await expect(editVocabulary({ ...edit, eos: "<|im_end|>" })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining('"<|im_end|>" was named as the eos token, but it is no special token'),
    });
  });

  it("shows a template that refuses a system message a conversation without, and notes tags that are plain text", async () => {
    const { model, template, out } = workplace();
    writeFileSync(
      template,
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ bos_token }}" +
        "{% for message in messages %}<turn>{{ message.content }}</turn>{% endfor %}",
    );
    const report = await editVocabulary({
      model,
      out,
      method: subtokenMean(),
      addedTokens: ["<|a|>"],
      chatTemplateFile: template,
    });
    expect(report.chatTemplate.sample!.messages[0]!.role).toBe("user");
    expect(report.chatTemplate.sample!.text).toMatch(/^<s><turn>What does a cat say\?<\/turn>/);
    expect(report.notes).toContain(
      'the chat template writes "<turn>", "</turn>" as ordinary text: the tokenizer has no such token',
    );
  });

  it("is done to a swapped tokenizer, too", async () => {
    const { model, template, out } = workplace();
    const report = await swapTokenizer({
      model,
      tokenizer: SAMPLE_TOKENIZER,
      out,
      method: subtokenMean(),
      specials: SPECIALS,
      eos: "<|im_end|>",
      chatTemplateFile: template,
    });
    const { vocabulary, encode } = await loadTokenizer(out);
    const [start, end] = SPECIALS.map((special) => vocabulary.idOfSpecial(special)) as [number, number];
    expect([...(await encode("<|im_start|><|im_end|>"))]).toEqual([start, end]);
    expect(vocabulary.idOfRole("eos")).toBe(end);
    expect(read(out, "config.json").eos_token_id).toBe(end);
    expect(read(out, "generation_config.json").eos_token_id[0]).toBe(end);
    expect(report.recipe).toMatchObject({ specials: SPECIALS, eos: "<|im_end|>" });
    expect(report.recipe).toMatchObject({ specials: SPECIALS, eos: "<|im_end|>" });
  });
});

it("a saved plan brings the control tokens, their rows and the end of texts", async () => {
  const { folder, model, out } = workplace();
  const [file, direct] = [join(folder, "swap.plan"), join(folder, "direct")];
  const options = {
    model,
    tokenizer: SAMPLE_TOKENIZER,
    method: subtokenMean(),
    specials: SPECIALS,
    eos: "<|im_end|>",
  };
  await savePlan(await planTokenizerSwap(options), file);
  await applySavedPlan({ plan: file, model, out });
  await swapTokenizer({ ...options, out: direct });
  expect(contentOf(out)).toEqual(contentOf(direct));
  expect(read(out, "generation_config.json").eos_token_id).toEqual([3001, 2]);
});

describe("promoted and renamed tokens", () => {
  it("keep their rows, as do rows of no token; renamed ones get new rows where that is asked for", async () => {
    const { model, out, folder } = workplace();
    const tokenizer = read(model, "tokenizer.json");
    const { id: pad } = tokenizer.added_tokens.find(
      ({ content }: { content: string }) => content === "<pad>",
    );
    const rename = { renames: [{ from: "<pad>", to: "<|pad|>" }] };
    const kept = await editVocabulary({ model, out, method: mean(), ...rename, addedTokens: ["ing"] });
    expect(kept.edit).toMatchObject({
      promoted: [{ id: expect.any(Number), token: "ing" }],
      renamed: [{ id: pad, from: "<pad>", to: "<|pad|>" }],
      addedTokens: 0,
      ids: null,
    });
    const [before, after] = [await inputTable(model), await inputTable(out)];
    expect(Buffer.compare(before.bytes, after.bytes)).toBe(0);
    expect(read(out, "tokenizer_config.json").pad_token).toBe("<|pad|>");
    expect(modelCard(kept)).toContain("Renamed: `<pad>` to `<|pad|>`.");

    writeFileSync(join(model, "processor_config.json"), JSON.stringify({ image: { token: "<pad>" } }));
    await expect(
      editVocabulary({ model, out: join(folder, "named"), method: mean(), ...rename }),
    ).rejects.toMatchObject({
      code: "bad_options",
      message:
        '"<pad>" cannot be renamed: processor_config.json names it, and its processor would go on writing it',
    });
    rmSync(join(model, "processor_config.json"));

    const anew = join(folder, "anew");
    await editVocabulary({ model, out: anew, method: mean(), ...rename, renamedRows: "make" });
    const made = await inputTable(anew);
    const size = made.bytes.length / made.rows;
    const differing = Array.from({ length: made.rows }, (_, row) => row).filter(
      (row) =>
        Buffer.compare(
          made.bytes.subarray(row * size, (row + 1) * size),
          before.bytes.subarray(row * size, (row + 1) * size),
        ) !== 0,
    );
    expect(differing).toEqual([pad]);
  });
});
