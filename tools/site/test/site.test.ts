import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { renderMarkdown } from "../markdown.mjs";
import { NAVIGATION } from "../navigation.mjs";
import { placeOf, siteFiles } from "../site-files.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const examples = readFileSync(join(root, "tools/site/live-examples.md"), "utf8");
const liveNames = Array.from(examples.matchAll(/--html (\S+)$/gm), ([, name]) => name!);
const files = siteFiles(new Map(liveNames.map((name) => [name, '<h1 id="live">a page of a command</h1>'])));
const pages = [...files].filter(([path]) => path.endsWith(".html")) as [string, string][];

describe("the site", () => {
  it("has every document of docs and every README of a package, whichever way it is reached", () => {
    const documents = [
      "README.md",
      "ARCHITECTURE.md",
      "CONTRIBUTING.md",
      "CHANGELOG.md",
      ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md"))
        .map((name) => `docs/${name.replaceAll("\\", "/")}`),
      ...readdirSync(join(root, "packages"))
        .map((name) => `packages/${name}/README.md`)
        .filter(
          (name) =>
            existsSync(join(root, name)) && existsSync(join(root, `docs/api/${name.split("/")[1]}.md`)),
        ),
    ];
    expect(documents.filter((name) => !files.has(placeOf(name)))).toEqual([]);
  });

  it("names each page once in its navigation, and every document of docs and its guides", () => {
    const listed = NAVIGATION.flatMap(({ pages }) => Object.keys(pages ?? {}));
    const documents = ["docs", "docs/guides"].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith(".md"))
        .map((name) => `${folder}/${name}`),
    );
    expect(documents.filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed.length).toBe(new Set(listed).size);
    const [, navigation = ""] =
      /<nav class="side navigation"[^>]*>([\s\S]*?)<\/nav>/.exec(String(files.get("index.html"))) ?? [];
    const links = Array.from(navigation.matchAll(/href="([^"]+)"/g), ([, link]) => link!);
    expect(links.filter((link, place) => links.indexOf(link) !== place)).toEqual([]);
    expect(links.length).toBeGreaterThan(100);
  });

  it("has no link that leads nowhere, and loads nothing from elsewhere", () => {
    const ids = new Map(
      pages.map(([path, html]) => [
        path,
        new Set(Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id]) => id)),
      ]),
    );
    const dead: string[] = [];
    for (const [path, html] of pages) {
      for (const [, attribute, address] of html.matchAll(/ (href|src)="([^"]*)"/g)) {
        if (/^https?:/.test(address!)) {
          if (attribute === "src") dead.push(`${path} loads ${address}`);
          continue;
        }
        const [name = "", anchor] = address!.split("#");
        const place = name === "" ? path : posix.join(posix.dirname(path), name);
        if (!files.has(place) || (anchor && !ids.get(place)?.has(decodeURIComponent(anchor))))
          dead.push(`${path} → ${address}`);
      }
      for (const [found] of html.matchAll(/<(?:script|style|link|iframe)\b[^>]*https?:[^>]*>/g))
        dead.push(`${path}: ${found}`);
    }
    expect(dead).toEqual([]);
  });

  it("has no style and no script within its pages, which their policy forbids", () => {
    const own = pages.filter(([path]) => !path.startsWith("live/"));
    expect(
      own.filter(([, html]) => / style="|<style|<script>| on\w+="/.test(html)).map(([path]) => path),
    ).toEqual([]);
  });

  it("has one heading of the first level on every page, and a description", () => {
    for (const [path, html] of pages.filter(([path]) => !path.startsWith("live/"))) {
      expect(html.match(/<h1/g), path).toHaveLength(1);
      expect(html, path).toMatch(/<meta name="description" content="[^"]+">/);
    }
  });

  it("runs the commands that the live examples name", () => {
    expect(liveNames).toEqual(["swap.html", "quality.html"]);
  });
});

describe("a document on the site", () => {
  it("has its links followed, its code marked, and a table without head where all of it is empty", () => {
    const text =
      "# A `name`\n\nSee [b](b.md#x) and `a <b> --out well-known`.\n\n## Two\n\n```js\nconst a = 1;\n```\n\n| | |\n|---|---:|\n| c | d |\n\n## Two\n";
    const { title, html, headings, sections } = renderMarkdown(text, (target) =>
      target.replace(".md", ".html"),
    );
    expect(title).toBe("A name");
    expect(html).toContain('<a href="b.html#x">b</a>');
    expect(html).toContain('<code>a &lt;b&gt; <span class="option">--out</span> well-known</code>');
    expect(html).toContain('<span class="hljs-keyword">const</span>');
    expect(html).not.toContain("<thead>");
    expect(html).toContain('<td class="right">d</td>');
    expect(headings.map(({ anchor }) => anchor)).toEqual(["a-name", "two", "two-1"]);
    expect(sections.map(({ text }) => text)).toEqual([
      "See b and a <b> --out well-known.",
      "const a = 1; c d",
      "",
    ]);
  });
});
