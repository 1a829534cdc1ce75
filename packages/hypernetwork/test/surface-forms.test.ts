import { encodeSurfaceForms } from "@revocab/hypernetwork";
import { byte, handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formBlocks, type SurfaceForms } from "../src/surface-forms.ts";

const utf8 = (string: string) => new TextEncoder().encode(string);

describe("encodeSurfaceForms", () => {
  const vocabulary = handMadeVocabulary([
    text("<pad>"),
    text(" c"),
    text("a"),
    text("ab"),
    text("b"),
    byte(0xc3),
  ]);

  it("spells tokens by their bytes, keeps the first L pieces, and says what it cut and could not spell", () => {
    const forms = encodeSurfaceForms(
      [utf8(" cab"), utf8("abba"), undefined, utf8("é"), Uint8Array.of(0xc3), new Uint8Array()],
      { vocabulary, formLength: 2, padId: 0 },
    );
    expect([...forms.ids]).toEqual([1, 3, 3, 4, 0, 0, 0, 0, 5, 0, 0, 0]);
    expect([...forms.lengths]).toEqual([2, 2, 0, 0, 1, 0]);
    expect(forms.truncated).toEqual([1]);
    expect(forms.unspelled).toEqual([3, 5]);
  });
});

describe("formBlocks", () => {
  const anyForms = fc
    .array(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }), { maxLength: 40 })
    .map((rows): SurfaceForms => {
      const ids = Int32Array.from(rows.flatMap((row) => [...row, ...Array<number>(3 - row.length).fill(0)]));
      const lengths = Uint16Array.from(rows, (row) => row.length);
      return { ids, lengths, formLength: 3, padId: 0, truncated: [], unspelled: [] };
    });
  const formOf = ({ ids }: SurfaceForms, token: number) => ids.subarray(token * 3, token * 3 + 3).join();

  it("puts forms of one length together, each once, in blocks of the size asked for", () => {
    fc.assert(
      fc.property(anyForms, fc.integer({ min: 1, max: 5 }), (forms, most) => {
        const { blocks, blockOf, rowOf, count } = formBlocks(forms, (length) => most * length);
        const listed = blocks.flatMap((block) => [...block]);
        expect(new Set(listed.map((token) => formOf(forms, token))).size).toBe(listed.length);
        expect(count).toBe(listed.length);
        for (const block of blocks) {
          const [length] = new Set(Array.from(block, (token) => forms.lengths[token]));
          expect(block.every((token) => forms.lengths[token] === length)).toBe(true);
          expect(block.length).toBeLessThanOrEqual(most * length!);
        }
        for (const token of forms.lengths.keys()) {
          expect(formOf(forms, blocks[blockOf[token]]![rowOf[token]]!)).toBe(formOf(forms, token));
        }
      }),
    );
  });

  it("groups alike whatever the order of the tokens it is asked for", () => {
    fc.assert(
      fc.property(anyForms, (forms) => {
        const all = Uint32Array.from(forms.lengths.keys());
        const forward = formBlocks(forms, () => 4, all);
        expect(formBlocks(forms, () => 4, all.slice().reverse())).toEqual(forward);
      }),
    );
  });

  it("refuses a form that is all padding", () => {
    const forms = { ids: Int32Array.of(1, 0), lengths: Uint16Array.of(1, 0), formLength: 1, padId: 0 };
    expect(() => formBlocks({ ...forms, truncated: [], unspelled: [] }, () => 4)).toThrow(
      expect.objectContaining({
        code: "shape_mismatch",
        message: expect.stringContaining("form 1 is all padding"),
      }),
    );
  });
});
