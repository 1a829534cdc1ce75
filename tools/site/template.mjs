// The frame of every page: bar, navigation, contents of the page, and what comes before and after it.
import { posix } from "node:path";
import { escapeHtml } from "./markdown.mjs";

/**
 * A page of the site. Scripts and styles are files beside it, and its policy allows no others.
 * @param page `path` on the site, `title`, `html`, `headings`, `lead` for the head of the first page
 * @param sections the navigation: `title` and `pages` (`path`, `label`)
 */
export function renderFrame(page, sections) {
  const to = (path) => posix.relative(posix.dirname(page.path), path);
  const isFirst = page.path === "index.html";
  const name = isFirst ? "revocab: another tokenizer for a language model" : `${page.title} · revocab`;
  return `<!doctype html>
<html lang="en" data-root="${to("index.html").replace(/index\.html$/, "")}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'">
<meta name="description" content="${escapeHtml(page.description)}">
<title>${escapeHtml(name)}</title>
<link rel="icon" href="${to("assets/icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="${to("assets/site.css")}">
<script src="${to("assets/theme.js")}"></script>
<script src="${to("assets/site.js")}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header class="bar">
<button class="menu" type="button" aria-expanded="false" aria-controls="navigation"><span class="unseen">Navigation</span><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5h14M3 10h14M3 15h14"/></svg></button>
<a class="name" href="${to("index.html")}">revocab</a>
<div class="search" role="search"><label class="unseen" for="search">Search the documentation</label><input id="search" type="search" placeholder="Search" autocomplete="off" spellcheck="false" aria-controls="results" disabled><kbd aria-hidden="true">/</kbd><div class="results" id="results" hidden></div></div>
<button class="theme" type="button" hidden></button>
</header>
<div class="columns">
<nav class="side navigation" id="navigation" aria-label="Site">
${sections.map((section) => navigationSection(section, page, to)).join("\n")}
</nav>
<main id="content" tabindex="-1">
${isFirst ? withHero(page.html, to) : page.html}${aroundLinks(page, sections, to)}</main>
${contents(page)}
</div>
</body>
</html>
`;
}

/** A long section is closed unless the page is in it. */
function navigationSection({ title, pages, isLong }, page, to) {
  const links = pages.map(({ path, label }) => {
    const isHere = path === page.path;
    return `<li><a href="${to(path)}"${isHere ? ' aria-current="page"' : ""}>${escapeHtml(label)}</a></li>`;
  });
  const isOpen = !isLong || pages.some(({ path }) => path === page.path);
  return `<details${isOpen ? " open" : ""}><summary>${title}</summary><ul>${links.join("")}</ul></details>`;
}

/** The first page begins with what the project is, and the ways on. */
function withHero(html, to) {
  const ways = [
    ["#the-first-minute", "The first minute"],
    [to("live-examples.html"), "Live examples"],
    [to("guides/index.html"), "Guides"],
    [to("methods/index.html"), "Methods"],
  ].map(([address, label]) => `<a href="${address}">${label}</a>`);
  return html.replace(
    /^(<h1[^>]*>.*?<\/h1>\s*<p>[\s\S]*?<\/p>)/,
    (begin) => `<div class="hero">${begin}<p class="ways">${ways.join("")}</p></div>`,
  );
}

const FEWEST_HEADINGS = 2;

/** Headings of the second level; of pages with few of them also the third. */
function contents({ headings }) {
  const chapters = headings.filter(({ level }) => level === 2);
  const shown = headings.filter(({ level }) => level === 2 || (level === 3 && headings.length <= 40));
  if (chapters.length < FEWEST_HEADINGS) return "";
  const items = shown.map(
    ({ level, text, anchor }) =>
      `<li class="level${level}"><a href="#${anchor}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav class="side contents" aria-label="On this page"><p>On this page</p><ul>${items.join("")}</ul></nav>`;
}

function aroundLinks({ path }, sections, to) {
  const all = sections.flatMap(({ pages }) => pages);
  const at = all.findIndex((page) => page.path === path);
  if (at < 0) return "";
  const link = (page, rel, word) =>
    page === undefined
      ? "<span></span>"
      : `<a rel="${rel}" href="${to(page.path)}"><small>${word}</small> ${escapeHtml(page.label)}</a>`;
  return `<nav class="around" aria-label="Before and after this page">${link(all[at - 1], "prev", "Before")}${link(all[at + 1], "next", "Next")}</nav>`;
}
