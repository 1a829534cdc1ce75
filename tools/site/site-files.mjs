// The documentation as a static site: every document that links lead to, with navigation and search. It opens from disk as
// well as from a server, and asks for nothing but its own files.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { codeBlock, escapeHtml, highlight, renderMarkdown } from "./markdown.mjs";
import { NAVIGATION } from "./navigation.mjs";
import { renderFrame } from "./template.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Pages of commands, which the documents link to as `live/NAME.html`: they exist on the site alone. */
const LIVE = "tools/site/live/";
/** Copied as they are; other files that documents link to become pages of their text. */
const COPIED = [".png", ".svg", ".tsv"];

/**
 * The files of the site, by their paths on it: texts and bytes.
 * @param live pages of commands, by their names
 * @throws Error where a document links to a file that does not exist
 */
export function siteFiles(live) {
  const found = readFrom(NAVIGATION.flatMap(({ pages, index }) => index ?? Object.keys(pages)));
  const pages = new Map([...found].filter(([, { html }]) => html !== undefined));
  const sections = NAVIGATION.map((section) => sectionOf(section, pages));
  const words = new Map(sections.flatMap(({ title, pages }) => pages.map(({ path }) => [path, title])));
  return new Map([
    ...[...pages.values()].map((page) => [page.path, renderFrame(page, sections)]),
    ...[...found.values()].filter(({ bytes }) => bytes !== undefined).map(({ path, bytes }) => [path, bytes]),
    ...[...live].map(([name, html]) => [`live/${name}`, html]),
    ...assets(),
    ["assets/search-data.js", searchData([...pages.values()], words)],
    [".nojekyll", ""], // GitHub Pages takes the files as they are
  ]);
}

export function writeFiles(files, folder) {
  for (const [path, content] of files) {
    mkdirSync(join(folder, posix.dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Where a file of the repository is on the site. */
export function placeOf(file) {
  const path = file.replace(/^(docs|tools\/site)\//, "");
  if (/(^|\/)README\.md$/.test(path)) return path.replace(/README\.md$/, "index.html");
  if (path.endsWith(".md")) return `${path.slice(0, -3).toLowerCase()}.html`;
  return COPIED.includes(extname(path)) ? path : `${path}.html`;
}

/** What is read from these documents on along all links, by paths in the repository. */
function readFrom(documents) {
  const found = new Map();
  const waiting = [...documents];
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    if (found.has(file)) continue;
    found.set(file, readFile(file));
    for (const link of found.get(file).links) {
      if (!existsSync(join(root, link))) throw new Error(`${file} links to ${link}, which does not exist`);
      waiting.push(link);
    }
  }
  return found;
}

/** A file as what the site makes of it: its `path` there, the `links` to other files, and a page or the `bytes` of the file. */
function readFile(file) {
  const path = placeOf(file);
  const links = new Set();
  const linkTo = (target) => {
    const [, name, anchor = ""] = /^([^#]*)(#.*)?$/.exec(target);
    if (name === "" || /^[a-z]+:/.test(name)) return target;
    const linked = withReadme(posix.join(posix.dirname(file), name).replace(/\/$/, ""));
    if (!linked.startsWith(LIVE)) links.add(linked);
    return posix.relative(posix.dirname(path), placeOf(linked).replace(/^(live\/.*)\.html$/, "$1")) + anchor;
  };
  if (statSync(join(root, file)).isDirectory()) return { path, links, ...folderPage(file, linkTo) };
  if (COPIED.includes(extname(file))) return { path, links, bytes: readFileSync(join(root, file)) };
  const text = readFileSync(join(root, file), "utf8");
  return { path, links, ...(file.endsWith(".md") ? renderMarkdown(text, linkTo) : sourcePage(file, text)) };
}

/** A folder is what its README says of it. */
function withReadme(path) {
  return existsSync(join(root, path, "README.md")) ? `${path}/README.md` : path;
}

function folderPage(folder, linkTo) {
  const names = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile());
  const links = names.map(({ name }) => `- [${name}](${posix.basename(folder)}/${name})`);
  return renderMarkdown(`# ${folder}\n\n${links.join("\n")}\n`, linkTo);
}

function sourcePage(file, text) {
  const html = `<h1 id="file"><code>${escapeHtml(file)}</code></h1>\n${codeBlock(highlight(text, extname(file).slice(1)))}`;
  return {
    title: file,
    description: `${file} of revocab`,
    html,
    headings: [],
    sections: [{ heading: file, anchor: "file", text: "" }],
  };
}

/** The pages of a section with their labels: those that are listed, or the index and what it links to beside itself. */
function sectionOf({ title, pages: listed, index }, pages) {
  if (listed !== undefined)
    return { title, pages: Object.entries(listed).map(([file, label]) => ({ path: placeOf(file), label })) };
  const folder = posix.dirname(index);
  const linked = [...pages.get(index).links].filter(
    (file) => posix.dirname(file) === folder && pages.has(file),
  );
  const rest = linked.map((file) => ({
    path: placeOf(file),
    label: pages.get(file).title.replace(/^@revocab\//, ""),
  }));
  return { title, isLong: true, pages: [{ path: placeOf(index), label: "All of them" }, ...rest] };
}

function assets() {
  const folder = new URL("assets/", import.meta.url);
  const own = readdirSync(folder).map((name) => [`assets/${name}`, readFileSync(new URL(name, folder))]);
  const library = createRequire(import.meta.url)
    .resolve("minisearch")
    .replace(/cjs[/\\]index\.cjs$/, "umd/index.js");
  const licence = "/*! MiniSearch, © Luca Ongaro, MIT licence: https://github.com/lucaong/minisearch */\n";
  return [
    ...own,
    ["assets/minisearch.js", licence + readFileSync(library, "utf8").replace(/^\/\/# source.*$/m, "")],
  ];
}

/** Sections of all pages as a script, so that the search works from disk, too: `[path, anchor, page, heading, text, section]`. */
function searchData(pages, words) {
  const rows = pages.flatMap(({ path, title, sections }) =>
    sections.map(({ heading, anchor, text }) => [path, anchor, title, heading, text, words.get(path) ?? ""]),
  );
  return `searchData(${JSON.stringify(rows)});\n`;
}
