import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GROUND, SERIES_COLORS } from "../src/html/styles.ts";
import { type Block, isPage, type ReportDocument, renderHtml } from "../src/index.ts";
import { anyText, documentOf, HOSTILE } from "./documents.ts";

function pageOf(...blocks: readonly Block[]): string {
  return renderHtml({ title: "A page", blocks });
}

/** All tags of a page with their attributes, in order. */
function tagsOf(page: string): readonly string[] {
  return page.replace(/<(style|script)\b([^>]*)>.*?<\/\1>/gs, "<$1$2>").match(/<[a-z!/][^>]*>/gi) ?? [];
}

describe("a page", () => {
  it("loads nothing, sends nothing, and runs no script but those that it was given", () => {
    const script = 'document.title = "x";';
    const page = renderHtml({ title: "t", blocks: [] }, { scripts: [script] });
    const hash = createHash("sha256").update(script).digest("base64");
    expect(page).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).toContain(`<script>${script}</script>`);
    expect(pageOf()).not.toMatch(/script-src|<script/);
    expect(page).not.toMatch(/\b(src|srcset|action|ping|background)=|url\(|@import/);
  });

  it("is known by its start, and nothing else is", () => {
    expect(isPage(pageOf().slice(0, 4096))).toBe(true);
    expect(isPage("<!doctype html><html><head><title>mine</title>")).toBe(false);
  });

  it("names its sections in a table of contents, each by an id of its own", () => {
    const section = (title: string): Block => ({ kind: "section", title, blocks: [] });
    const page = pageOf(
      {
        ...section("Rows"),
        blocks: [{ ...section("Rows"), blocks: [{ kind: "paragraph", text: "a" }] }],
      } as Block,
      { kind: "section", title: "中文", blocks: [{ kind: "paragraph", text: "a" }] },
    );
    expect(page.match(/<a href="#[^"]+">[^<]+/g)?.slice(-3)).toEqual([
      '<a href="#rows">Rows',
      '<a href="#rows-2">Rows',
      '<a href="#part">中文',
    ]);
    for (const id of ["rows", "rows-2", "part"]) expect(page.split(` id="${id}"`)).toHaveLength(2);
  });

  it("has no heading over nothing, not in its table of contents either", () => {
    const page = pageOf(
      { kind: "section", title: "Surprises", blocks: [{ kind: "list", items: [] }] },
      { kind: "section", title: "One", blocks: [{ kind: "paragraph", text: "a" }] },
      { kind: "section", title: "Two", blocks: [{ kind: "paragraph", text: "a" }] },
    );
    expect(page).not.toContain("Surprises");
    expect(page).toContain("<nav ");
  });

  it("shows numbers with narrow spaces, and where a row or column has a name, as its heading", () => {
    const page = pageOf({
      kind: "table",
      title: "T",
      columns: [{ title: "" }, { title: "tokens" }],
      rows: [["input", { value: 1234567 }]],
    });
    expect(page).toContain('<td></td><th scope="col" class="end">tokens</th>');
    expect(page).toContain('<th scope="row">input</th><td class="end">1\u202f234\u202f567</td>');
  });

  it("isolates text that runs from right to left", () => {
    expect(pageOf({ kind: "paragraph", text: "مرحبا" })).toContain("<bdi>مرحبا</bdi>");
    expect(pageOf({ kind: "paragraph", text: [{ code: " Once" }] })).toContain(
      "<code><bdi> Once</bdi></code>",
    );
  });
});

describe("a panel", () => {
  const panel: Block = {
    kind: "panel",
    name: "search",
    title: "Search",
    data: { token: "</script><!-- \u2028 \ud800" },
    instead: [{ kind: "paragraph", text: "Nothing to search with" }],
  };

  it("holds its data as JSON that cannot end its script, and what stands instead where scripts do not run", () => {
    const page = renderHtml({ title: "t", blocks: [panel] }, { scripts: ["0"] });
    const [, json = ""] = /<script type="application\/json">(.*?)<\/script>/s.exec(page) ?? [];
    expect(JSON.parse(json)).toEqual(panel.data);
    expect(page).toContain('<section class="panel" data-panel="search" aria-labelledby="search">');
    expect(page).toContain("<noscript><p>Nothing to search with</p></noscript>");
  });

  it("is only what stands instead on a page without scripts", () => {
    const page = pageOf(panel);
    expect(page).toContain("<p>Nothing to search with</p>");
    expect(page).not.toMatch(/<noscript|<script/);
  });
});

describe("a chart on a page", () => {
  it("is a drawing with a name, a legend, and its figures as a table", () => {
    const page = pageOf({
      kind: "bars",
      title: "Classes",
      measure: "tokens",
      series: ["letters", "digits"],
      bars: [{ label: "gpt2", values: [40_000, 1_000] }],
    });
    expect(page).toMatch(/<figcaption id="classes">Classes<\/figcaption>/);
    expect(page).toMatch(/<svg [^>]*role="img" aria-labelledby="classes"><title>Classes: tokens<\/title>/);
    expect(page).toMatch(/<rect class="c0" [^>]*><title>letters: 40\u202f000<\/title>/);
    expect(page).toMatch(/<li><svg class="swatch".*?<\/svg>letters<\/li>/);
    expect(page).toMatch(/<details><summary>Figures.*?<th scope="row">letters<\/th>.*?<\/details>/s);
  });

  it("has bars as long as their values beside each other", () => {
    const page = pageOf({
      kind: "bars",
      title: "B",
      measure: "m",
      series: ["one"],
      bars: [
        { label: "a", values: [10] },
        { label: "b", values: [5] },
        { label: "c", values: [Number.NaN] },
      ],
    });
    const widths = Array.from(
      page.matchAll(/<rect class="c0" x="[\d.]+" y="\d+" width="([\d.]+)"/g),
      ([, one]) => Number(one),
    );
    expect(widths).toHaveLength(2);
    expect(widths[0]! / widths[1]!).toBeCloseTo(2, 2);
  });

  it("of one series names it where it says more than what is measured", () => {
    const page = pageOf({
      kind: "bars",
      title: "Scripts",
      measure: "% of tokens",
      series: ["Latin"],
      bars: [{ label: "gpt2", values: [90] }],
    });
    expect(page).toMatch(/<ul class="legend"><li>.*?Latin<\/li>/);
    expect(page).toContain(">Latin, % of tokens</th>");
  });

  it("of many bars has thin ones, and no more labels than there is room for", () => {
    const bars = Array.from({ length: 100 }, (_, i) => ({ label: `l${i}`, values: [i] }));
    const page = pageOf({ kind: "bars", title: "H", measure: "m", series: ["m"], bars });
    expect(page.match(/class="label"/g)).toHaveLength(50);
    expect(page).not.toContain('class="value"');
  });

  it("draws a quarter of a million points in less than a megabyte", () => {
    const points = Array.from({ length: 250_000 }, (_, i) => ({
      x: Math.sin(i * 12.9898) * Math.cos(i * 0.37),
      y: Math.sin(i * 78.233) * Math.cos(i * 0.11),
    }));
    const page = pageOf({ kind: "points", title: "Map", x: "1", y: "2", series: [{ name: "rows", points }] });
    expect(page.length).toBeLessThan(1e6);
    expect(page).toMatch(/<path class="dot c0 strength0" d="m\d+ \d+h0/);
  });

  it("of no values, of one, or of values that are no numbers is drawn all the same", () => {
    const values = [[], [0], [5], [Number.NaN], [Number.POSITIVE_INFINITY], [-1, 2]];
    for (const list of values) {
      const points = list.map((y, x) => ({ x, y }));
      const series = [{ name: "a", points }];
      const page = pageOf(
        { kind: "lines", title: "L", x: "x", y: "y", series },
        { kind: "points", title: "P", x: "x", y: "y", series },
        { kind: "bars", title: "B", measure: "m", series: ["a", "b"], bars: [{ label: "l", values: list }] },
      );
      expect(page.match(/ (x|y|d|width)="[^"]*(NaN|Infinity)/g) ?? []).toEqual([]);
    }
  });
});

describe("the colors of series", () => {
  it("have a contrast of 4.5 at least to the ground that they stand on, in both themes", () => {
    const contrasts = SERIES_COLORS.flatMap((pair) => pair.map((color, i) => contrast(color, GROUND[i]!)));
    expect(Math.min(...contrasts)).toBeGreaterThan(4.5);
  });
});

describe("foreign text on a page", () => {
  const plain = tagsOf(renderHtml(documentOf("x"), { scripts: ["0"] })).map(nameOf);

  it("makes no element, whatever it is and wherever it stands", () => {
    const expectSafe = (text: string) => {
      const page = renderHtml(documentOf(text), { scripts: ["0"] });
      expect(page.replaceAll("\n", "").replaceAll("\u202f", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const known = new Set([...plain, "bdi", "/bdi", "a", "/a"]);
      expect(
        tagsOf(page)
          .map(nameOf)
          .filter((name) => !known.has(name)),
      ).toEqual([]);
      expect(tagsOf(page.replace(/"[^"]*"/g, "")).join("")).not.toMatch(/\son\w+=/);
    };
    HOSTILE.forEach(expectSafe);
    fc.assert(fc.property(anyText, expectSafe), { numRuns: 50 });
  });

  it("becomes a link only as an address of https", () => {
    const hrefs = (document: ReportDocument) =>
      Array.from(renderHtml(document).matchAll(/href="([^"]*)"/g), ([, href]) => href).filter(
        (href) => !href?.startsWith("#"),
      );
    expect(hrefs(documentOf("javascript:alert(1)"))).toEqual([]);
    expect(new Set(hrefs(documentOf("https://example.org/a?b&c")))).toEqual(
      new Set(["https://example.org/a?b&amp;c"]),
    );
  });
});

function nameOf(tag: string): string {
  return /^<(\/?[a-z!0-9]+)/i.exec(tag)?.[1] ?? tag;
}

/** @see https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio */
function contrast(a: string, b: string): number {
  const [light, dark] = [a, b].map(luminance).sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
