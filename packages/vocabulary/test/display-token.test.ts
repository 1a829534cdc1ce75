import { added } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { displayToken } from "@revocab/vocabulary";
import { expect, it } from "vitest";

it("a token of any kind is shown without a character that a terminal would obey", () => {
  const strange = "\u001b[2J\u0007\n\u009b\u202e";
  const { vocabulary } = tokenizerOf({
    model: { type: "BPE", vocab: { a: 0, [strange]: 1, "\\": 2 }, merges: [] },
    added: [added(3, `<${strange}>`)],
  });
  const shown = "\\x1b[2J\\x07\\n\\u{9b}\\u{202e}";
  expect(displayToken(vocabulary, 0)).toBe("a");
  expect(displayToken(vocabulary, 1)).toBe(shown);
  expect(displayToken(vocabulary, 2)).toBe("\\\\");
  expect(displayToken(vocabulary, 3)).toBe(`<${shown}>`);
});
