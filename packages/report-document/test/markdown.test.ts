import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { code, codeBlock, plain } from "../src/markdown.ts";

const anything = fc.string({
  unit: fc.constantFrom(...Array.from("`| \n\u001b\u202e<>&*_[]()#~@:/.-+$\\\\aw1é👋")),
});

describe("foreign text in code", () => {
  it("stands between runs of backticks that it does not have itself", () => {
    expect(code("<s>")).toBe("`<s>`");
    expect(code("a`b")).toBe("``a`b``");
    expect(code("``")).toBe("``` `` ```");
    expect(code(" a")).toBe("`  a `");
    expect(code("")).toBe("` `");
    expect(code("a\n\u001b[2J")).toBe("`a\\n\\x1b[2J`");
  });

  it("is one span on one line, which holds the text as it is shown", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const [, fence = "", inner = ""] = /^(`+)(?!`)(.*?)(?<!`)\1$/.exec(code(text)) ?? [];
        expect(fence).not.toBe("");
        expect(Array.from(inner.matchAll(/`+/g), ([run]) => run)).not.toContain(fence);
        expect(inner).not.toMatch(/\p{C}/u);
      }),
    );
  });
});

describe("foreign text in running text", () => {
  it("has none of the signs that Markdown, HTML and links are made of, but escaped", () => {
    expect(plain("*a* <b> &lt; [x](y) `c` | # ~d~ _e_ f@g.h")).toBe(
      "\\*a\\* \\<b\\> \\&lt; \\[x\\](y) \\`c\\` \\| \\# \\~d\\~ \\_e\\_ f\\@g.h",
    );
    expect(plain("see https://x.y, www.x.y: 2.5")).toBe("see https\\://x.y, www\\.x.y: 2.5");
    expect(["- a", "+ a", "12. a"].map(plain)).toEqual(["\\- a", "\\+ a", "12\\. a"]);
    fc.assert(
      fc.property(anything, (text) => {
        const rest = plain(text).replace(/\\[!-/:-@[-`{-~]/g, "x");
        expect(rest).not.toMatch(/[\\`*_{}[\]<>#|&~@$]|\p{C}|:\/\/|www\.|^[-+]|^\d+[.)]/u);
      }),
    );
  });
});

describe("foreign lines in a block of code", () => {
  it("cannot end it, whatever fences they have", () => {
    expect(codeBlock("a\n```\nb")).toBe("````\na\n```\nb\n````");
    expect(codeBlock("a\u001b[2J\nb", "sh\n# no")).toBe("```shno\na\\x1b[2J\nb\n```");
  });
});
