import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { subtokenMean } from "@revocab/embedding-init";
import { longestPrefixEncoder, openLargeVocabulary, openShortlistModel } from "@revocab/large-vocabulary";
import { generateText } from "@revocab/measure";
import { openModel } from "@revocab/plan";
import { failure } from "@revocab/test-support/failure";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import {
  type CorpusFile,
  type LargeVocabularyReport,
  readCorpus,
  writeLargeVocabulary,
} from "@revocab/transfer";
import { generate, languageModel, openTransformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const scratch = scratchFolders();
const SIZE = 1500;

/** The words of the sample's other tokenizer, each several times: enough for pieces to learn. */
async function words(): Promise<CorpusFile> {
  const { vocabulary } = await loadTokenizer(SAMPLE_TOKENIZER);
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  const texts = ids.filter((id) => vocabulary.kindOf(id) === "text");
  const line = texts.map((id) => Buffer.from(vocabulary.bytesOf(id)).toString()).join("");
  const path = join(scratch(), "words.txt");
  writeFileSync(path, `${line}\n${line}\n`);
  return readCorpus(path);
}

async function write(out: string): Promise<LargeVocabularyReport> {
  return writeLargeVocabulary({
    model: SAMPLE_MODEL,
    corpus: await words(),
    size: SIZE,
    method: subtokenMean(),
    clusters: 12,
    out,
    job: { threads: 1 },
  });
}

let big: string;
let report: LargeVocabularyReport;
beforeAll(async () => {
  big = join(mkdtempSync(join(tmpdir(), "revocab-test-")), "big");
  report = await write(big);
});
afterAll(() => rmSync(dirname(big), { recursive: true, force: true }));

describe("a large vocabulary", () => {
  it("keeps the model's tokens, ids and rows, and has rows and an index for the new ones", async () => {
    expect(report).toMatchObject({ rows: SIZE, added: SIZE - 1280, index: { clusters: 13 } });
    expect(report.learned).toHaveLength(SIZE - 1280);
    const model = await openModel(SAMPLE_MODEL);
    const vocabulary = await openLargeVocabulary(big);
    for (let id = 0; id < 1280; id++) {
      expect(vocabulary.tokenizer.vocabulary.tokenOf(id)).toBe(model.tokenizer.vocabulary.tokenOf(id));
    }
    const own = new Uint8Array(1280 * 128 * 2);
    const kept = own.slice();
    await model.checkpoint.tables[0].matrix.readRows(0, 1280, own);
    await vocabulary.tables.input.readRows(0, 1280, kept);
    expect(kept).toEqual(own);
    await Promise.all([model.close(), vocabulary.close()]);
  });

  it("is the same, byte for byte, when it is written again", async () => {
    const again = join(scratch(), "big");
    await write(again);
    expect(contentOf(again)).toEqual(contentOf(big));
  });

  it("writes the text that the logits of all tokens give, from a shortlist, whatever is drawn and how", async () => {
    const model = await openModel(SAMPLE_MODEL);
    const transformer = await openTransformer(model.checkpoint);
    const vocabulary = await openLargeVocabulary(big);
    const all = languageModel(transformer, vocabulary.tables);
    const shortlisted = await openShortlistModel({ transformer, vocabulary, share: 1, shortlist: 300 });
    const tokens = await longestPrefixEncoder(vocabulary.tokenizer)("Once upon a time there was");
    for (const sampling of [{}, { temperature: 0.8, topK: 20 }, { temperature: 0.7, topP: 0.8 }]) {
      const options = { tokens, maxTokens: 15, seed: 3, ...sampling };
      const wanted = await generate({ ...options, model: all });
      const found = await generate({ ...options, model: shortlisted });
      expect(found.tokens).toEqual(wanted.tokens);
    }
    expect(shortlisted.mass().tokens).toBe(45);
    expect(shortlisted.mass().mean).toBeGreaterThan(0.9);
    await Promise.all([all.close(), shortlisted.close(), transformer.close()]);
    await Promise.all([model.close(), vocabulary.close()]);
  });

  it("says how much of the probability its shortlists have", async () => {
    const options = {
      model: SAMPLE_MODEL,
      dynamic: big,
      prompt: "Once upon a time",
      maxTokens: 10,
      exact: true,
    };
    const whole = await generateText({ ...options, shortlist: SIZE });
    expect(whole.shortlist?.mean).toBeCloseTo(1, 3);
    const few = await generateText({ ...options, shortlist: 2 });
    expect(few.shortlist?.mean).toBeLessThan(0.99);
    expect(few.text).toBe(whole.text);
    expect(few.notes.at(-1)).toMatch(/^the shortlists had \d+\.\d % of the probability on average/);
  });
});

describe("a large vocabulary is refused", () => {
  async function damaged(name: string, change: (path: string) => void) {
    const folder = join(scratch(), "big");
    cpSync(big, folder, { recursive: true });
    change(join(folder, name));
    return failure(openLargeVocabulary(folder));
  }

  it("where the index is of other rows", async () => {
    const error = await damaged("rows.safetensors", (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(path, bytes);
    });
    expect(error).toMatchObject({ code: "bad_vocabulary" });
    expect(error.message).toMatch(
      /is an index over the rows [0-9a-f]{12}, but rows.safetensors has the head/,
    );
  });

  it("where a file is cut short", async () => {
    const error = await damaged("index.safetensors", (path) => truncateSync(path, 5000));
    expect(error).toMatchObject({ code: "bad_safetensors" });
  });

  it("where the facts speak of a billion rows", async () => {
    const error = await damaged("large-vocabulary.json", (path) => {
      writeFileSync(path, readFileSync(path, "utf8").replace(/"rows": 1500/, '"rows": 1000000000'));
    });
    expect(error.message).toMatch(
      /holds input as BF16 \[1500 × 128\]; BF16 \[1000000000 × 128\] was expected/,
    );
  });

  it.each([
    ["starts", /do not rise from 0 to 1500/],
    ["order", /does not have every row once/],
  ])("where %s of clusters are not what they must be", async (tensor, wanted) => {
    const { tensors } = await readSafetensorsHeader(join(big, "index.safetensors"));
    const { start } = tensors.find(({ name }) => name === tensor)!;
    const error = await damaged("index.safetensors", (path) => {
      const bytes = readFileSync(path);
      bytes.writeUInt32LE(1499, start + 4);
      bytes.writeUInt32LE(3, start + 8);
      writeFileSync(path, bytes);
    });
    expect(error.message).toMatch(wanted);
  });

  it("where there is none", async () => {
    const folder = scratch();
    expect(await failure(openLargeVocabulary(folder))).toMatchObject({ code: "bad_vocabulary" });
    expect(await failure(openLargeVocabulary(join(folder, "none")))).toMatchObject({ code: "missing_file" });
  });

  it("where none was given, though its options were", async () => {
    for (const lonely of [{ shortlist: 3 }, { exact: true }]) {
      const error = await failure(generateText({ model: SAMPLE_MODEL, prompt: "Once", ...lonely }));
      expect(error).toMatchObject({ code: "bad_options" });
      expect(error.message).toMatch(/^`(shortlist|exact)` was given without `dynamic`/);
    }
  });

  it("for another model, and for a fine-tune with other rows", async () => {
    const tuned = join(scratch(), "tuned");
    cpSync(SAMPLE_MODEL, tuned, { recursive: true });
    const path = join(tuned, "model.safetensors");
    const { tensors } = await readSafetensorsHeader(path);
    const { start, end } = tensors.find(({ name }) => name.includes("embed_tokens"))!;
    const bytes = readFileSync(path);
    for (let at = start; at < end; at += 2) bytes[at] ^= 1;
    writeFileSync(path, bytes);
    const options = { dynamic: big, prompt: "Once", maxTokens: 1 };
    const error = await failure(generateText({ ...options, model: tuned }));
    expect(error).toMatchObject({ code: "apply_mismatch" });
    expect(error.message).toMatch(/was made for model, but tuned has other input rows/);
  });

  it("where its tokenizer is one of as many tokens in another order", async () => {
    const folder = join(scratch(), "big");
    cpSync(big, folder, { recursive: true });
    const path = join(folder, "tokenizer.json");
    const json = JSON.parse(readFileSync(path, "utf8"));
    const { vocab } = json.model;
    const [one, other] = Object.keys(vocab).filter((token) => vocab[token] === 600 || vocab[token] === 601);
    [vocab[one], vocab[other]] = [vocab[other], vocab[one]];
    writeFileSync(path, JSON.stringify(json));
    const error = await failure(generateText({ model: SAMPLE_MODEL, dynamic: folder, prompt: "Once" }));
    expect(error).toMatchObject({ code: "bad_vocabulary" });
    expect(error.message).toMatch(/has a tokenizer whose id 600 is another token than that of model/);
  });
});

describe("writing a large vocabulary fails", () => {
  const options = { model: SAMPLE_MODEL, corpus: readCorpus(SAMPLE_TEXT), method: subtokenMean() };

  it("for a size that the model has already, for a text with too few pieces, and for an index beyond all memory", async () => {
    const out = join(scratch(), "big");
    const small = await failure(writeLargeVocabulary({ ...options, size: 1280, out }));
    expect(small).toMatchObject({ code: "bad_options" });
    const large = await failure(writeLargeVocabulary({ ...options, size: 1_000_000, out }));
    expect(large).toMatchObject({ code: "bad_text" });
    const huge = await failure(writeLargeVocabulary({ ...options, size: 100_000_000, out }));
    expect(huge).toMatchObject({ code: "not_enough_memory" });
    expect(large.message).toMatch(/^found \d+ pieces to learn/);
  });

  it("where something else is already", async () => {
    const out = join(scratch(), "home");
    mkdirSync(out);
    writeFileSync(join(out, "letter.txt"), "dear");
    expect(await failure(writeLargeVocabulary({ ...options, size: SIZE, out, force: true }))).toMatchObject({
      code: "output_exists",
    });
  });
});
