import { readFileSync } from "node:fs";
import { RevocabError } from "@revocab/core";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { ALGORITHMS, CONTROL, NORMAL, sentencePieceModel, UNKNOWN } from "./sentencepiece-model.ts";

/** Written by tools/oracle/sentencepiece-readers.py: how the reference library numbers the pieces for each class. */
const { classes } = JSON.parse(
  readFileSync(new URL("./fixtures/sentencepiece/readers.json", import.meta.url), "utf8"),
) as {
  classes: {
    class: string;
    file: string;
    algorithm: number;
    layout: "llama" | "t5";
    config: object;
    pieces: string;
  }[];
};

const HEADS = {
  llama: [
    ["<unk>", 0, UNKNOWN],
    ["<s>", 0, CONTROL],
    ["</s>", 0, CONTROL],
  ],
  t5: [
    ["<pad>", 0, CONTROL],
    ["</s>", 0, CONTROL],
    ["<unk>", 0, UNKNOWN],
  ],
} as const;
const pieces = ["▁", "a", "b", "c", "ab", "▁a", "abc"].map(
  (text, index) => [text, -1 - index, NORMAL] as const,
);

describe("a folder with a .model and a class", () => {
  it("numbers its pieces as the reference library does, or is refused by name", () => {
    const outcomes = { same: 0, refused: new Set<string>(), other: [] as string[] };
    for (const each of classes) {
      try {
        const found = read(
          each.file,
          sentencePieceModel(each.algorithm, [...HEADS[each.layout], ...pieces]),
          {
            tokenizer_class: each.class,
            ...each.config,
          },
        );
        const expected = each.pieces.split(" ");
        const tokens = expected.map((_, id) => found.vocabulary.tokenOf(id));
        if (tokens.join(" ") === each.pieces) outcomes.same++;
        else
          outcomes.other.push(
            `${each.class} ${each.layout} ${JSON.stringify(each.config)}: ${tokens.join(" ")}`,
          );
      } catch (error) {
        expect(error).toBeInstanceOf(RevocabError);
        outcomes.refused.add(`${each.class} of the layout of ${each.layout}`);
      }
    }
    expect(outcomes.other).toEqual([]);
    expect([...outcomes.refused].sort()).toEqual([
      // It would have two unknown pieces.
      "CamembertTokenizer of the layout of t5",
      "PegasusTokenizer of the layout of t5",
      "SeamlessM4TTokenizer of the layout of llama",
    ]);
    expect(outcomes.same).toBe(141);
  });

  it("that takes the ids from another file is refused", () => {
    const model = sentencePieceModel(ALGORITHMS.unigram, [...HEADS.llama, ...pieces]);
    expect(() => read("source.spm", model, { tokenizer_class: "MarianTokenizer" })).toThrow(
      "MarianTokenizer, which takes the ids of its pieces from vocab.json",
    );
  });
});

function read(file: string, model: Uint8Array, config: object) {
  return tokenizerFromFiles(
    new Map([
      [file, model],
      ["tokenizer_config.json", Buffer.from(JSON.stringify(config))],
    ]),
    "folder",
  );
}
