import fc from "fast-check";
import type { Block, Cell, ReportDocument, Text } from "../src/index.ts";

/** What a token may be that someone made to do harm, or that merely is a byte of something else. */
export const HOSTILE: readonly string[] = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '" onmouseover="alert(1)',
  "]]><!--",
  "&lt;b&gt; &#x3c;",
  "\u202eevil\u2066",
  "\u0000\u001b[2J\u0007\u009b",
  "\ud800 \udfff",
  "a|b\n# heading\n- item\r\n\u2028",
  "```\n</code></pre>",
  "[x](javascript:alert(1)) {{ x }}",
  "مرحبا",
];

/** A document with a text in every place that a text can stand in. */
export function documentOf(text: string): ReportDocument {
  const spans: Text = [text, { code: text }, { strong: text }, { link: text, text }];
  const series = [text, `${text}2`];
  const points = [
    { x: 0, y: 1, label: text },
    { x: 2, y: 3, label: text },
  ];
  const blocks: readonly Block[] = [
    { kind: "paragraph", text: spans },
    { kind: "list", items: [text, spans] },
    { kind: "notes", notes: [text] },
    { kind: "notes", notes: [text, text], tone: "warning" },
    {
      kind: "table",
      title: text,
      columns: [{ title: text }, { title: text }],
      rows: [
        [text, { value: 1, unit: text }],
        [spans, undefined],
      ],
    },
    {
      kind: "bars",
      title: text,
      measure: text,
      series,
      bars: [{ label: text, values: [1, 2] }],
    },
    { kind: "points", title: text, x: text, y: text, series: series.map((name) => ({ name, points })) },
    { kind: "lines", title: text, x: text, y: text, series: series.map((name) => ({ name, points })) },
    { kind: "code", text, language: text },
  ];
  return {
    title: text,
    lead: spans,
    blocks: [
      ...blocks,
      { kind: "section", title: text, blocks: [...blocks, { kind: "section", title: text, blocks }] },
      { kind: "panel", name: text, title: text, data: { [text]: text }, instead: blocks },
    ],
  };
}

/** Texts of the signs that markup is made of, control characters, halves of characters, and scripts of both directions. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(
    ...Array.from("`| \n\t\r\u0000\u001b\u202e\u2028<>&\"'*_[]()#~@:/.-+$\\{}=!aw1é中עברית👋"),
    "\ud800",
    "\udc00",
    "\u009b",
    "</script",
    "<!--",
    "javascript:",
    "https://",
  ),
  maxLength: 30,
});

export function rowsOf(...rows: readonly (readonly Cell[])[]): ReportDocument["blocks"] {
  return [{ kind: "table", rows }];
}
