import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { table } from "../src/blocks.ts";
import { type BarChart, type Block, renderText } from "../src/index.ts";
import { anyText, documentOf, HOSTILE, rowsOf } from "./documents.ts";

const bars: BarChart = {
  kind: "bars",
  title: "Length",
  measure: "bytes",
  series: ["bytes"],
  bars: [
    { label: "a", values: [4] },
    { label: "bb", values: [1] },
    { label: "c", values: [0] },
  ],
};

describe("a document as text", () => {
  it("has headings at the margin, all else two spaces further in, and an empty line where a new matter begins", () => {
    const blocks: readonly Block[] = [
      { kind: "paragraph", text: "1,234 bytes" },
      { kind: "notes", notes: ["the text is cut"] },
      {
        kind: "table",
        columns: [{ title: "method" }, { title: "bits" }],
        rows: [["mean", { value: 2.5, places: 1 }]],
      },
      { kind: "paragraph", text: "Best: mean" },
      { kind: "list", items: ["left out: focus"] },
      {
        kind: "section",
        title: "Checked",
        blocks: [
          { kind: "table", rows: [["✓", "weights", "no NaN"]] },
          { kind: "notes", notes: ["a row is long"], tone: "warning" },
          { kind: "code", text: "one\ntwo" },
        ],
      },
      { kind: "paragraph", text: ["Written to ", { code: "out" }] },
    ];
    expect(renderText({ title: "Compared", lead: "By bits", blocks })).toBe(
      [
        "Compared",
        "By bits",
        "1,234 bytes",
        "  note: the text is cut",
        "",
        "  method  bits",
        "  mean     2.5",
        "",
        "Best: mean",
        "  left out: focus",
        "",
        "Checked",
        "  ✓  weights  no NaN",
        "  warning: a row is long",
        "  | one",
        "  | two",
        "",
        "Written to out",
        "",
      ].join("\n"),
    );
  });

  it("has a title only where it is given one, and no section that is empty", () => {
    const empty: Block = { kind: "section", title: "Nothing", blocks: [{ kind: "notes", notes: [] }] };
    expect(renderText({ blocks: [empty, { kind: "paragraph", text: "a" }] })).toBe("a\n");
    expect(renderText({ blocks: [] })).toBe("");
  });

  it("translates notes alone", () => {
    const blocks: readonly Block[] = [
      { kind: "notes", notes: ["pass untie"] },
      { kind: "paragraph", text: "untie" },
    ];
    const words = (note: string) => note.replace("untie", "--untie");
    expect(renderText({ blocks }, { words })).toBe("  note: pass --untie\n\nuntie\n");
  });
});

describe("a table as text", () => {
  it("aligns numbers to the right, with their places and unit, and shows nothing for what is no number", () => {
    const blocks = rowsOf(
      ["a", { value: 1234.5, places: 1 }, { value: 5, unit: "%" }],
      ["bb", { value: -2, places: 1 }, { value: Number.NaN }],
      ["c", undefined, { value: 12, unit: "%" }],
    );
    expect(renderText({ blocks })).toBe("  a   1,234.5   5 %\n  bb     -2.0\n  c            12 %\n");
  });

  it("counts two columns for characters of East Asia and emoji, and none for marks", () => {
    const lines = renderText({ blocks: rowsOf(["中文", "x"], ["👋a", "x"], ["e\u0301tat", "x"]) }).split(
      "\n",
    );
    expect(lines).toEqual(["  中文  x", "  👋a   x", "  e\u0301tat  x", ""]);
  });

  it("cuts a token of a megabyte after 1,000 characters", () => {
    expect(renderText({ blocks: rowsOf(["x".repeat(1e6)]) })).toHaveLength(2 + 1001 + 1);
  });

  it("breaks text within its column where a terminal is too narrow, the widest first, and never numbers", () => {
    const text = "one two three four five six seven eight nine ten";
    const blocks = rowsOf([text, { value: 1_234_567 }], ["short", { value: 1 }]);
    expect(renderText({ blocks }, { width: 40 })).toBe(
      [
        "  one two three four five six  1,234,567",
        "  seven eight nine ten",
        "  short                                1",
        "",
      ].join("\n"),
    );
    const numbers = rowsOf(Array.from({ length: 8 }, () => ({ value: 123456 })));
    const figures = renderText({ blocks: numbers }, { width: 20 }).match(/[\d,]+/g);
    expect(new Set(figures)).toEqual(new Set(["123,456"]));
  });
});

describe("a table that is too wide", () => {
  const columns = [
    "method",
    "bits per byte",
    { title: "rank", expendable: 1 },
    { title: "seconds", expendable: 2 },
  ];
  const rows = [["subtoken-mean:weighting=front-loaded", 1.25, 3, 60]].map(([name, ...values]) => [
    name as string,
    ...values.map((value) => ({ value: value as number, places: 2 })),
  ]);
  const at = (width: number) => renderText({ blocks: [table(rows, columns)] }, { width }).split("\n");

  it("breaks text at signs and heads between words, then leaves out expendable columns and says which", () => {
    expect(at(80)).toEqual([
      "  method                                bits per byte  rank  seconds",
      "  subtoken-mean:weighting=front-loaded           1.25  3.00    60.00",
      "",
    ]);
    expect(at(60)).toEqual([
      "  method                        bits per byte  rank  seconds",
      "  subtoken-mean:weighting=               1.25  3.00    60.00",
      "  front-loaded",
      "",
    ]);
    expect(at(34)).toEqual([
      "                    bits per",
      "  method                byte  rank",
      "  subtoken-mean:        1.25  3.00",
      "  weighting=front-",
      "  loaded",
      "  no room for: seconds",
      "",
    ]);
    expect(at(28).slice(-3)).toEqual(["  no room for: rank,", "    seconds", ""]);
  });

  it("goes on below with its first column where no column can be left out", () => {
    const wide = table([
      ["a row", ...["one", "two", "three", "four"].map((word) => ({ value: 1, unit: word }))],
    ]);
    expect(renderText({ blocks: [wide] }, { width: 30 })).toBe(
      ["  a row  1 one  1 two  1 three", "", "  a row  1 four", ""].join("\n"),
    );
  });
});

describe("a command", () => {
  it("is broken between words as a shell reads it, and other code not at all", () => {
    const text = "revocab swap MODEL --tokenizer T --out OUT";
    expect(renderText({ blocks: [{ kind: "code", text, language: "sh" }] }, { width: 30 })).toBe(
      "  revocab swap MODEL \\\n    --tokenizer T --out OUT\n",
    );
    expect(renderText({ blocks: [{ kind: "code", text }] }, { width: 30 })).toBe(`  | ${text}\n`);
  });
});

describe("running text on a narrow terminal", () => {
  it("is broken between words; lines of a note that go on stand further in, and a long word stays whole", () => {
    const blocks: readonly Block[] = [
      { kind: "paragraph", text: "one two three four five" },
      { kind: "notes", notes: ["one two three https://example.org/long"] },
    ];
    expect(renderText({ blocks }, { width: 16 })).toBe(
      ["one two three", "four five", "  note: one", "    two three", "    https://example.org/long", ""].join(
        "\n",
      ),
    );
  });

  it("fits into 80 columns, whatever it says, where words are short", () => {
    const word = fc.string({ unit: fc.constantFrom(...Array.from("ab中👋é")), minLength: 1, maxLength: 8 });
    const sentence = fc.array(word, { maxLength: 40 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(sentence, sentence, (one, two) => {
        const blocks: readonly Block[] = [
          { kind: "section", title: one, blocks: [{ kind: "notes", notes: [two] }, ...rowsOf([one, two])] },
        ];
        for (const line of renderText({ blocks }, { width: 80 }).split("\n")) {
          const wide = [...line].filter((character) => /[中👋]/u.test(character)).length;
          expect([...line].length + wide).toBeLessThanOrEqual(80);
        }
      }),
    );
  });
});

describe("a chart as text", () => {
  it("of one series has a bar for each value", () => {
    expect(renderText({ blocks: [bars] }, { width: 25 })).toBe(
      ["Length (bytes)", `  a   4  ${"█".repeat(16)}`, `  bb  1  ${"█".repeat(4)}`, "  c   0", ""].join("\n"),
    );
  });

  it("of several series is their figures, with rows for whichever of bars and series are more", () => {
    const two = { ...bars, series: ["p", "q"], bars: bars.bars.map((bar) => ({ ...bar, values: [1, 2] })) };
    expect(renderText({ blocks: [two] })).toBe(
      ["Length (bytes)", "  bytes  p  q", "  a      1  2", "  bb     1  2", "  c      1  2", ""].join("\n"),
    );
    const one = { ...two, bars: two.bars.slice(0, 1) };
    expect(renderText({ blocks: [one] })).toBe(
      ["Length (bytes)", "  bytes  a", "  p      1", "  q      2", ""].join("\n"),
    );
  });

  it("of lines has at most 20 places of the axis, the first and the last among them", () => {
    const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: x / 10 }));
    const lines: Block = {
      kind: "lines",
      title: "Loss",
      x: "step",
      y: "bits",
      series: [{ name: "a", points }],
    };
    const printed = renderText({ blocks: [lines] })
      .trimEnd()
      .split("\n");
    expect(printed).toHaveLength(2 + 20);
    expect(printed[2]?.trim().split(/ +/)).toEqual(["0", "0"]);
    expect(printed.at(-1)?.trim().split(/ +/)).toEqual(["999", "100"]);
  });

  it("of a quarter of a million points is their number and spread", () => {
    const points = Array.from({ length: 250_000 }, (_, i) => ({ x: i, y: -i }));
    const plane: Block = { kind: "points", title: "Map", x: "x", y: "y", series: [{ name: "a", points }] };
    expect(renderText({ blocks: [plane] })).toContain("a  250,000     0.000  124,999.500  249,999.000");
  });
});

describe("foreign text on a terminal", () => {
  it("has no control character, whatever it is and wherever it stands", () => {
    const expectSafe = (text: string) => {
      expect(renderText(documentOf(text)).replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    };
    HOSTILE.forEach(expectSafe);
    fc.assert(fc.property(anyText, expectSafe), { numRuns: 50 });
  });
});
