import { type Alignment, MATCHES, RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import {
  byte,
  type HandMadeEntry,
  handMadeVocabulary,
  special,
  text,
  textBytes,
  UNUSED,
} from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** As SentencePiece writes it: `▁` for the space, byte-fallback tokens. */
const llamaLike = handMadeVocabulary([
  special("<unk>", "unk"),
  special("<s>", "bos"),
  special("</s>", "eos"),
  byte(0x0a),
  byte(0x61),
  byte(0xff),
  text(" a", "▁a"),
  text("a"),
  text("café"),
  text("    ", "▁▁▁▁"),
  text("b"),
]);

/** As byte-level BPE writes it: one special for all jobs. */
const gptLike = handMadeVocabulary([
  special("<|endoftext|>", "bos", "eos", "unk"),
  text("a"),
  text("b"),
  text(" a", "Ġa"),
  text("café", "cafÃ©"),
  text("\n", "Ċ"),
  textBytes("ÿ", 0xff),
  text("    ", "ĠĠĠĠ"),
  text("ab"),
  textBytes("ĊĊ", 0x0a, 0x0a),
  textBytes("x", 0x78),
  special("<mask>", "mask"),
  UNUSED,
]);

describe("alignVocabularies", () => {
  const alignment = alignVocabularies({ source: llamaLike, target: gptLike });

  it("matches tokens of two families by the bytes they stand for", () => {
    expect(Array.from(alignment.sourceOf)).toEqual([1, 7, 10, 6, 8, 3, 5, 9, -1, -1, -1, -1, -1]);
    expect(matchesOf(alignment)).toEqual([
      "role",
      ...Array.from({ length: 7 }, () => "bytes"),
      ...Array.from({ length: 5 }, () => "none"),
    ]);
  });

  it("counts every target id once", () => {
    expect(alignment.counts).toEqual({
      shared: 7,
      specialByRole: 1,
      specialByString: 0,
      spelled: 1,
      byteOnly: 1,
      withoutEvidence: [10, 11],
      unused: 1,
      duplicates: { source: 1, target: 0 },
    });
  });

  it("spells what is not shared with the source's own pieces, and nothing else", () => {
    expect(piecesOf(alignment, 8)).toEqual([7, 10]);
    expect(piecesOf(alignment, 9)).toEqual([3, 3]);
    expect(piecesOf(alignment, 10)).toEqual([]);
    expect(alignment.pieces.length).toBe(4);
  });

  it("takes the text token of a byte before its byte-fallback token", () => {
    expect(alignment.sourceOf[1]).toBe(llamaLike.idsOf(Uint8Array.of(0x61))[0]);
    expect(llamaLike.kindOf(alignment.sourceOf[1])).toBe("text");
  });

  it("takes the lowest id among equal text tokens", () => {
    const source = handMadeVocabulary([text("x"), text("a", "first"), text("a", "second")]);
    const target = handMadeVocabulary([text("y"), text("z"), text("a")]);
    expect(alignVocabularies({ source, target }).sourceOf[2]).toBe(1);
  });

  it("gives a byte token beside its text token the source's byte token, whatever the ids", () => {
    const target = handMadeVocabulary([text("q"), text("a"), text("r"), text("s"), text("t"), byte(0x61)]);
    const { sourceOf } = alignVocabularies({ source: llamaLike, target });
    expect([sourceOf[1], sourceOf[5]]).toEqual([7, 4]);
  });

  it("gives a byte token that stands alone for its byte the source's text token, which is trained", () => {
    const target = handMadeVocabulary([byte(0x61), text("z")]);
    expect(alignVocabularies({ source: llamaLike, target }).sourceOf[0]).toBe(7);
  });
});

describe("specials", () => {
  it("one special serves every role the target has a token for", () => {
    const { sourceOf, counts } = alignVocabularies({ source: gptLike, target: llamaLike });
    expect([sourceOf[0], sourceOf[1], sourceOf[2]]).toEqual([0, 0, 0]);
    expect(counts.specialByRole).toBe(3);
  });

  it("a special that is bos and eos at once reads the source's bos and predicts its eos", () => {
    const alignment = alignVocabularies({ source: llamaLike, target: gptLike });
    expect(alignment.sourceOf[0]).toBe(1);
    expect([...alignment.headSourceOf!]).toEqual([[0, 2]]);
  });

  it("role decides before the string", () => {
    const source = handMadeVocabulary([special("<a>", "pad"), special("<b>", "eos"), special("<c>")]);
    const target = handMadeVocabulary([special("<b>", "pad"), special("<a>", "eos"), special("<c>", "mask")]);
    const alignment = alignVocabularies({ source, target });
    expect(Array.from(alignment.sourceOf)).toEqual([0, 1, 2]);
    expect(matchesOf(alignment)).toEqual(["role", "role", "string"]);
  });

  it("never meet ordinary text of the same bytes, in either direction", () => {
    const source = handMadeVocabulary([text("<x>"), special("y")]);
    const target = handMadeVocabulary([special("<x>"), text("y")]);
    const { sourceOf, counts } = alignVocabularies({ source, target });
    expect(Array.from(sourceOf)).toEqual([-1, -1]);
    expect(counts.withoutEvidence).toEqual([0, 1]);
  });
});

describe("a vocabulary aligned with itself", () => {
  it("maps every used id to itself, duplicates and specials with one role included", () => {
    const entries = [
      text("a", "a"),
      text("a", "A"),
      byte(0x61),
      special("<s>", "bos"),
      special("<t>", "bos"),
      UNUSED,
      byte(0x62),
      text(""),
    ];
    const vocabulary = handMadeVocabulary(entries);
    const { sourceOf, counts } = alignVocabularies({ source: vocabulary, target: vocabulary });
    expect(Array.from(sourceOf)).toEqual([0, 1, 2, 3, 4, -1, 6, 7]);
    expect(counts.duplicates).toEqual({ source: 2, target: 2 });
  });

  it("keeps the ids when the target only adds entries", () => {
    const entries = [text("a", "a"), text("a", "A"), byte(0x61)];
    const { sourceOf } = alignVocabularies({
      source: handMadeVocabulary(entries),
      target: handMadeVocabulary([...entries, text("aa")]),
    });
    expect(Array.from(sourceOf)).toEqual([0, 1, 2, -1]);
  });
});

describe("the properties of any alignment", () => {
  const entry = fc.oneof(
    fc
      .array(fc.constantFrom("a", "b", "é", " "), { minLength: 1, maxLength: 3 })
      .map((parts) => text(parts.join(""))),
    fc.integer({ min: 0x60, max: 0x64 }).map(byte),
    fc.constantFrom(special("<s>", "bos"), special("</s>", "eos", "pad"), special("<x>")),
    fc.constant(UNUSED),
  );
  const vocabulary = fc
    .array(entry, { maxLength: 20 })
    .map((entries: HandMadeEntry[]) => handMadeVocabulary(entries));

  it("the six counts partition the target ids", () => {
    fc.assert(
      fc.property(vocabulary, vocabulary, (source, target) => {
        const { counts } = alignVocabularies({ source, target });
        const { shared, specialByRole, specialByString, spelled, byteOnly, withoutEvidence, unused } = counts;
        const matched = shared + specialByRole + specialByString;
        expect(matched + spelled + byteOnly + withoutEvidence.length + unused).toBe(target.size);
      }),
    );
  });

  it("a match has the same bytes or is a special, and pieces put together give the token", () => {
    fc.assert(
      fc.property(vocabulary, vocabulary, (source, target) => {
        const alignment = alignVocabularies({ source, target });
        for (let id = 0; id < target.size; id++) checkToken(alignment, source, target, id);
      }),
    );
  });
});

describe("aborting", () => {
  it("before the start and from a progress listener ends with the code `aborted`", () => {
    const isAborted = (error: unknown) => error instanceof RevocabError && error.code === "aborted";
    const before = new AbortController();
    before.abort();
    expect(
      failureOf(() =>
        alignVocabularies({ source: gptLike, target: gptLike, job: { abortSignal: before.signal } }),
      ),
    ).toSatisfy(isAborted);

    const during = new AbortController();
    const align = () =>
      alignVocabularies({
        source: gptLike,
        target: gptLike,
        job: { abortSignal: during.signal, onProgress: () => during.abort() },
      });
    expect(failureOf(align)).toSatisfy(isAborted);
  });
});

function checkToken(alignment: Alignment, source: Vocabulary, target: Vocabulary, id: TokenId): void {
  const sourceId = alignment.sourceOf[id];
  const pieces = piecesOf(alignment, id);
  expect(sourceId >= 0).toBe(MATCHES[alignment.match[id]] !== "none");
  if (target.kindOf(id) === "special") {
    if (sourceId >= 0) expect(source.kindOf(sourceId)).toBe("special");
    expect(pieces).toEqual([]);
  } else if (sourceId >= 0) {
    expect(source.bytesOf(sourceId)).toEqual(target.bytesOf(id));
    expect(pieces).toEqual([]);
  } else if (pieces.length > 0) {
    expect(pieces.flatMap((piece) => [...source.bytesOf(piece)])).toEqual([...target.bytesOf(id)]);
  }
}

function matchesOf(alignment: Alignment): string[] {
  return Array.from(alignment.match, (code) => MATCHES[code]);
}

function piecesOf({ pieces, pieceOffsets }: Alignment, id: TokenId): number[] {
  return Array.from(pieces.subarray(pieceOffsets[id], pieceOffsets[id + 1]));
}

function failureOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
