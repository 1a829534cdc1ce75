import { inflateRawSync } from "node:zlib";
import { renderPage, rowsPanel, vocabularyPanel } from "@revocab/report-page";
import { handMadeVocabulary, special, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { expect, it } from "vitest";
import type { VocabulariesData } from "../src/panels/panel-data.ts";

const vocabulary = handMadeVocabulary([special("<s>", "bos"), text("a"), text("b"), UNUSED]);
const map = {
  axes: ["x", "y"] as const,
  series: ["shared"],
  ids: Uint32Array.of(1, 2),
  x: Float32Array.of(0, 1),
  y: Float32Array.of(0, 1),
  seriesOf: Uint8Array.of(0, 0),
};
const nearest = {
  measure: "cosine",
  ids: Uint32Array.of(1),
  neighbors: Uint32Array.of(2, 0),
  similarities: Float32Array.of(0.9, 0.1),
};
const origins = {
  names: ["copy-overlap"],
  of: new Uint8Array(4),
  source: vocabulary,
  mixture: {
    offsets: Uint32Array.of(0, 1, 2, 2, 2),
    sources: Uint32Array.of(0, 1),
    weights: Float32Array.of(1, 1),
  },
};

it("a page without panels has no scripts, and one with a panel within a section has", () => {
  const panel = vocabularyPanel({ vocabularies: [{ name: "one", vocabulary }] });
  expect(renderPage({ title: "none", blocks: [] })).not.toContain("<script");
  expect(renderPage({ title: "one", blocks: [{ kind: "section", title: "s", blocks: [panel] }] })).toContain(
    "script-src 'sha256-",
  );
});

it("a panel says in JSON what it shows", () => {
  const panels = [
    vocabularyPanel({ vocabularies: [{ name: "one", vocabulary }] }),
    rowsPanel({ vocabulary, map, nearest, origins }),
  ];
  for (const { data } of panels) expect(JSON.parse(JSON.stringify(data))).toEqual(data);
});

it("rows beyond the vocabulary are padding, and left out", () => {
  const padded = {
    ...origins,
    of: new Uint8Array(6),
    mixture: { ...origins.mixture, offsets: Uint32Array.of(0, 1, 2, 2, 2, 2, 2) },
  };
  expect(rowsPanel({ vocabulary, origins: padded })).toEqual(rowsPanel({ vocabulary, origins }));
});

it.each([
  ["map.x has 1 values, expected 2", { map: { ...map, x: Float32Array.of(0) } }],
  ["map.ids has 9, expected values below 4", { map: { ...map, ids: Uint32Array.of(1, 9) } }],
  ["map.seriesOf has 1, expected values below 1", { map: { ...map, seriesOf: Uint8Array.of(0, 1) } }],
  ["map.x or map.y has a value that is no number", { map: { ...map, y: Float32Array.of(0, Number.NaN) } }],
  [
    "nearest.neighbors has 3 ids for 2 rows",
    { nearest: { ...nearest, ids: Uint32Array.of(1, 2), neighbors: Uint32Array.of(1, 2, 3) } },
  ],
  [
    "nearest.similarities has 1 values, expected 2",
    { nearest: { ...nearest, similarities: Float32Array.of(1) } },
  ],
  [
    "origins has 3 rows of names and 4 of weights, expected at least 4",
    { origins: { ...origins, of: new Uint8Array(3) } },
  ],
])("lists that do not fit each other are refused: %s", (message, parts) => {
  expect(() => rowsPanel({ vocabulary, ...parts })).toThrow(message);
});

it("classes that are not those of the vocabulary are refused", () => {
  const withClasses = (classes: { names: string[]; of: Uint8Array }) => () =>
    vocabularyPanel({ vocabularies: [{ name: "one", vocabulary, classes }] });
  expect(withClasses({ names: ["a"], of: new Uint8Array(3) })).toThrow("are 3 places in 1 names, expected 4");
  expect(withClasses({ names: ["a"], of: Uint8Array.of(0, 0, 0, 1) })).toThrow("the classes of one");
});

it("a token has the same token of the other vocabulary as its counterpart, or the tokens that spell it", () => {
  const other = handMadeVocabulary([text("ab"), text("a"), text("b"), special("<s>")]);
  const one = handMadeVocabulary([
    special("<s>"),
    text("ab"),
    text("ba"),
    text("c"),
    special("<pad>"),
    UNUSED,
  ]);
  const { data } = vocabularyPanel({
    vocabularies: [
      { name: "one", vocabulary: one },
      { name: "other", vocabulary: other },
    ],
  });
  const [{ counterparts }] = (data as VocabulariesData).vocabularies;
  const unpacked = (packed: string) => {
    const { buffer, byteOffset, length } = inflateRawSync(Buffer.from(packed, "base64"));
    return [...new Uint32Array(buffer.slice(byteOffset, byteOffset + length))];
  };
  expect(unpacked(counterparts[0]!.counts)).toEqual([1, 1, 2, 0, 0, 0]);
  expect(unpacked(counterparts[0]!.ids)).toEqual([3, 0, 2, 1]);
});
