import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, renderMarkdown } from "../src/index.ts";
import { anyText, documentOf, HOSTILE } from "./documents.ts";

describe("a document as Markdown", () => {
  it("has headings by depth, and tables whose numbers are aligned", () => {
    const blocks: readonly Block[] = [
      {
        kind: "section",
        title: "Measured",
        blocks: [
          {
            kind: "table",
            columns: [{ title: "" }, { title: "bits" }],
            rows: [[[{ code: "a|b" }], { value: 1234.5, places: 1, unit: "%" }]],
          },
          { kind: "section", title: "More", blocks: [{ kind: "list", items: ["one", [{ strong: "two" }]] }] },
          { kind: "notes", notes: ["*cut*"] },
        ],
      },
    ];
    expect(renderMarkdown({ title: "A_b", lead: "First.", blocks })).toBe(`# A\\_b

First.

## Measured

|  | bits |
| --- | ---: |
| \`a\\|b\` | 1,234.5 % |

### More

- one
- **two**

- \\*cut\\*
`);
  });

  it("makes a link of nothing but an address of https that cannot end it", () => {
    const linkOf = (link: string, text = link) =>
      renderMarkdown({ title: "t", blocks: [{ kind: "paragraph", text: [{ link, text }] }] }).split("\n")[2];
    expect(linkOf("https://arxiv.org/abs/2402.09977")).toBe("https://arxiv.org/abs/2402.09977");
    expect(linkOf("https://a.b/c", "the *paper*")).toBe("[the \\*paper\\*](https://a.b/c)");
    expect(linkOf("javascript:alert(1)", "x")).toBe("x (`javascript:alert(1)`)");
    expect(linkOf("https://a.b/c) [x](https://evil", "x")).toBe("x (`https://a.b/c) [x](https://evil`)");
  });

  it("does not begin a list or a heading with what a text begins with", () => {
    const lineOf = (text: string) =>
      renderMarkdown({ title: "t", blocks: [{ kind: "paragraph", text }] }).split("\n")[2];
    expect(["- a", "1. a", "# a", "> a", "+"].map(lineOf)).toEqual([
      "\\- a",
      "1\\. a",
      "\\# a",
      "\\> a",
      "\\+",
    ]);
  });
});

describe("foreign text in Markdown", () => {
  it("makes no markup, whatever it is and wherever it stands", () => {
    const expectSafe = (text: string) => {
      const rendered = renderMarkdown(documentOf(text));
      expect(rendered.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      const outside = withoutCode(rendered);
      const unescaped = outside.replace(/\\./g, "");
      expect(unescaped).not.toMatch(/[<`]/);
      expect(unescaped).not.toMatch(/\]\((?!https:)/);
    };
    HOSTILE.forEach(expectSafe);
    fc.assert(fc.property(anyText, expectSafe), { numRuns: 50 });
  });

  it("leaves each table as wide as it was", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const line of withoutCode(renderMarkdown(documentOf(text)), "x").split("\n")) {
          if (!line.startsWith("| ")) continue;
          const cells = line.replace(/\\./g, "").match(/\|/g)?.length;
          expect([3, 4, 5, 9]).toContain(cells);
        }
      }),
      { numRuns: 50 },
    );
  });
});

/** The text outside of blocks and spans of code. */
function withoutCode(markdown: string, instead = ""): string {
  return markdown
    .replace(/^(`{3,})[^`\n]*\n(?:.*\n)*?\1$/gm, instead)
    .split("\n")
    .map((line) =>
      // what is escaped is read first: the backslash of `\\\\` escapes no fence after it
      line.replace(/\\.|(`+)(?!`).*?(?<!`)\1(?!`)/g, (found) => (found.startsWith("\\") ? found : instead)),
    )
    .join("\n");
}
