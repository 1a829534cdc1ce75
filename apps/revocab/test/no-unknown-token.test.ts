import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { bpeModel, numbered, tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();

const CHARACTERS = [..." abcdefghijklmnopqrstuvwxyz.,'"];
const WORDS = ["the", "once", "upon", "time", "little", "girl", "named", "was", "there", "a", "and", "she"];
const PIECES = [...new Set([...CHARACTERS, ...WORDS])];

/** Tokenizers of a few lower-case letters and words that have no unknown token. */
const MODELS: Readonly<Record<string, { readonly model: object; readonly words: boolean }>> = {
  Unigram: {
    words: false,
    model: {
      type: "Unigram",
      unk_id: null,
      byte_fallback: false,
      vocab: PIECES.map((piece) => [piece, -8 / piece.length]),
    },
  },
  WordPiece: {
    words: true,
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: numbered([...PIECES, ...CHARACTERS.map((character) => `##${character}`)]),
    },
  },
  WordLevel: { words: true, model: { type: "WordLevel", unk_token: "[UNK]", vocab: numbered(PIECES) } },
  BPE: {
    words: false,
    model: bpeModel(numbered([...CHARACTERS, "th", "the"]), [
      ["t", "h"],
      ["th", "e"],
    ]),
  },
};

function writeTokenizer(folder: string, { model, words }: (typeof MODELS)[string]): string {
  const preTokenizer = words ? { type: "BertPreTokenizer" } : null;
  writeFileSync(join(folder, "tokenizer.json"), tokenizerJson({ preTokenizer, model }));
  writeFileSync(join(folder, "tokenizer_config.json"), '{"tokenizer_class": "PreTrainedTokenizerFast"}');
  return folder;
}

/** The sample model, as it is, with such a tokenizer in place of its own. */
function modelWith(kind: (typeof MODELS)[string]): string {
  const folder = scratch();
  cpSync(SAMPLE_MODEL, folder, { recursive: true });
  return writeTokenizer(folder, kind);
}

interface Report {
  readonly gate: { readonly checks: readonly { readonly name: string; readonly detail: string }[] };
  readonly evaluation: {
    readonly after: {
      readonly bitsPerByte: number;
      readonly tokens: number;
      readonly droppedCharacters: { readonly count: number; readonly examples: readonly string[] };
      readonly notes: readonly string[];
    };
  } | null;
}

const keepIds = ["bos_token_id", "eos_token_id", "pad_token_id"].flatMap((key) => [
  "--token-id",
  `${key}=keep`,
]);

describe.each(Object.entries(MODELS))("a %s without an unknown token", (_name, kind) => {
  it("is the target of a swap, which says and counts what it cannot write", async () => {
    const out = join(scratch(), "out");
    const target = writeTokenizer(scratch(), kind);
    const args = ["swap", SAMPLE_MODEL, "--tokenizer", target, "--out", out, "--eval", SAMPLE_TEXT];
    const finished = await inProcess([...args, "--max-bytes", "600", ...keepIds, "--json", "--quiet"]);
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    const { gate, evaluation } = JSON.parse(finished.stdout) as Report;
    const detail = gate.checks.find(({ name }) => name === "tokenizer")?.detail;
    const { droppedCharacters, notes, bitsPerByte, tokens } = evaluation!.after;
    expect(bitsPerByte).toBeGreaterThan(0);
    expect(tokens).toBeGreaterThan(0);
    expect(droppedCharacters.count).toBeGreaterThan(0);
    expect(notes.join()).toContain(`drops ${droppedCharacters.count} characters of the text`);
    if (kind !== MODELS.BPE) expect(detail).toMatch(/; it cannot write \d+ of them/);
  });

  it("is the source of a swap, of an edit and of an evaluation", async () => {
    const model = modelWith(kind);
    const folder = scratch();
    const swap = [
      "swap",
      model,
      "--tokenizer",
      SAMPLE_TOKENIZER,
      "--out",
      join(folder, "swapped"),
      ...keepIds,
    ];
    expect(await inProcess([...swap, "--quiet"])).toMatchObject({ code: 0, stderr: "" });
    const extend = ["extend", model, "--special", "<new>", "--out", join(folder, "extended"), ...keepIds];
    const extended = await inProcess([...extend, "--json", "--quiet"]);
    expect(extended).toMatchObject({ code: 0, stderr: "" });
    const { gate } = JSON.parse(extended.stdout) as Report;
    expect(gate.checks.find(({ name }) => name === "encodings")?.detail).toMatch(/are written as before/);
    const scored = await inProcess(["eval", model, "--text", SAMPLE_TEXT, "--max-bytes", "600", "--json"]);
    expect(scored.code).toBe(0);
    const score = JSON.parse(scored.stdout) as NonNullable<Report["evaluation"]>["after"];
    expect(score.droppedCharacters.count).toBeGreaterThan(0);
  });
});

it("what is left out of a text is what the tokenizer has no tokens for, and nothing else", async () => {
  const text = join(scratch(), "text");
  writeFileSync(text, "the girl, once zzz 7\nand Ünter a time");
  const counted = async (kind: (typeof MODELS)[string]) => {
    const { stdout } = await inProcess(["eval", modelWith(kind), "--text", text, "--json", "--quiet"]);
    return (JSON.parse(stdout) as NonNullable<Report["evaluation"]>["after"]).droppedCharacters;
  };
  // a line end, 7 and Ü are no characters of it
  expect(await counted(MODELS.Unigram!)).toEqual({
    count: 3,
    examples: expect.arrayContaining(["7", "\n", "Ü"]),
  });
  // words that it does not know are lost whole
  expect(await counted(MODELS.WordLevel!)).toEqual({
    count: 9,
    examples: expect.arrayContaining(["7", "Ünter", "zzz"]),
  });
});
