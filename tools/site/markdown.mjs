// A document in Markdown as the parts of a page: HTML, headings, and texts for the search.
import hljs from "highlight.js";
import MarkdownIt from "markdown-it";
import { anchorMaker } from "../documents/anchors.mjs";

const LANGUAGES = {
  console: "shell",
  js: "javascript",
  mjs: "javascript",
  py: "python",
  sh: "bash",
  ts: "typescript",
};

/** Code as HTML with marked words; of an unknown language as it is. */
export function highlight(code, language) {
  const known = hljs.getLanguage(LANGUAGES[language] ?? language);
  return known === undefined
    ? escapeHtml(code)
    : hljs.highlight(code, { language: LANGUAGES[language] ?? language }).value;
}

export function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (sign) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot" }[sign]};`);
}

/** A block of code that a keyboard can scroll. */
export function codeBlock(html) {
  return `<pre tabindex="0"><code>${html.replace(/\n$/, "")}</code></pre>\n`;
}

const markdown = new MarkdownIt({ html: true });
markdown.renderer.rules.fence = (tokens, place) =>
  codeBlock(highlight(tokens[place].content, tokens[place].info.trim()));
markdown.renderer.rules.code_block = (tokens, place) => codeBlock(escapeHtml(tokens[place].content));
// browsers break lines behind hyphens: an option stays in one piece
markdown.renderer.rules.code_inline = (tokens, place) =>
  `<code>${escapeHtml(tokens[place].content).replace(/(?<![\w-])--?\w[\w-]*/g, '<span class="option">$&</span>')}</code>`;
markdown.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>\n';
markdown.renderer.rules.table_close = () => "</table></div>\n";
markdown.renderer.rules.heading_close = (tokens, place) => {
  const { anchor, text } = tokens[place].meta;
  const { tag } = tokens[place];
  return tag === "h1"
    ? "</h1>\n"
    : ` <a class="anchor" href="#${anchor}" aria-label="Link to “${escapeHtml(text)}”">#</a></${tag}>\n`;
};

/**
 * Renders a document.
 * @param linkTo the address on the site of a link's target, as the document has it
 * @returns `title`, `description` and `headings` (`level`, `text`, `anchor`), `html`, and `sections`: the text below each heading
 */
export function renderMarkdown(text, linkTo) {
  const tokens = withoutEmptyHeads(markdown.parse(text, {}));
  const anchorOf = anchorMaker();
  const headings = [];
  const sections = [];
  for (const [place, token] of tokens.entries()) {
    if (token.type === "heading_open") {
      const heading = plainText(tokens[place + 1]);
      const anchor = anchorOf(heading);
      token.attrSet("id", anchor);
      tokens[place + 2].meta = { anchor, text: heading };
      headings.push({ level: Number(token.tag.slice(1)), text: heading, anchor });
      sections.push({ heading, anchor, text: [] });
    } else if (tokens[place - 1]?.type !== "heading_open") {
      sections.at(-1)?.text.push(plainText(token));
    }
    alignByClass(token);
    for (const child of token.children ?? []) follow(child, linkTo);
  }
  return {
    title: headings[0].text,
    headings,
    description: descriptionOf(tokens),
    html: markdown.renderer.render(tokens, markdown.options, {}),
    sections: sections.map((section) => ({ ...section, text: section.text.filter(Boolean).join(" ") })),
  };
}

/** The library aligns cells by inline styles, which the policy of the pages forbids. */
function alignByClass(token) {
  const [, side] = /^text-align:(right|center)$/.exec(token.attrGet("style") ?? "") ?? [];
  if (token.attrs !== null) token.attrs = token.attrs.filter(([name]) => name !== "style");
  if (side !== undefined) token.attrSet("class", side);
}

/** Tables that only list have an empty head, which Markdown demands. */
function withoutEmptyHeads(tokens) {
  const kept = [];
  for (let place = 0; place < tokens.length; place++) {
    const end =
      tokens[place].type === "thead_open"
        ? tokens.findIndex(({ type }, at) => at > place && type === "thead_close")
        : -1;
    const isEmpty = end >= 0 && tokens.slice(place, end).every(({ content }) => content === "");
    if (isEmpty) place = end;
    else kept.push(tokens[place]);
  }
  return kept;
}

function follow(token, linkTo) {
  const attribute = { link_open: "href", image: "src" }[token.type];
  if (attribute !== undefined) token.attrSet(attribute, linkTo(token.attrGet(attribute)));
  if (token.type === "image") token.attrSet("loading", "lazy");
}

const LONGEST_DESCRIPTION = 200;

/** The first sentences of a document, for search engines. */
function descriptionOf(tokens) {
  const first = tokens.findIndex(({ type }) => type === "paragraph_open");
  const text = first < 0 ? "" : plainText(tokens[first + 1]);
  return text.length <= LONGEST_DESCRIPTION
    ? text
    : `${text.slice(0, LONGEST_DESCRIPTION).replace(/\s\S*$/, "")} …`;
}

/** What a reader sees of a token. */
function plainText({ type, content, children }) {
  if (type === "fence" || type === "code_block") return content.replace(/\s+/g, " ").trim();
  return (children ?? [])
    .map((child) => (child.type === "softbreak" ? " " : child.type === "html_inline" ? "" : child.content))
    .join("");
}
