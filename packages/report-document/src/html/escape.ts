import { showLine } from "@revocab/core";
import { isFigure, isSafeAddress, showFigure, spansOf } from "../cells.ts";
import type { Cell, Span, Text } from "../document.ts";

/** Foreign text as text of a page: on one line, without control characters, tags and entities. For attributes in quotes too. */
export function escapeHtml(text: string): string {
  return showLine(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Running text with its code, emphasis and links. */
export function htmlOf(text: Text): string {
  return spansOf(text).map(htmlOfSpan).join("");
}

function htmlOfSpan(span: Span): string {
  if (typeof span === "string") return isolated(span);
  if ("code" in span) return `<code><bdi>${escapeHtml(span.code)}</bdi></code>`;
  if ("strong" in span) return `<strong>${isolated(span.strong)}</strong>`;
  if (isSafeAddress(span.link))
    return `<a href="${escapeHtml(span.link)}" rel="noreferrer">${isolated(span.text)}</a>`;
  const text = span.text === span.link ? "" : `${isolated(span.text)} `;
  return `${text}<code><bdi>${escapeHtml(span.link)}</bdi></code>`;
}

/** Text in a script that runs from right to left must not take its neighbors along. */
function isolated(text: string): string {
  const escaped = escapeHtml(text);
  return IS_RIGHT_TO_LEFT.test(text) ? `<bdi>${escaped}</bdi>` : escaped;
}

const IS_RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

export function htmlOfCell(cell: Cell): string {
  if (cell === undefined) return "";
  return isFigure(cell) ? escapeHtml(thin(showFigure(cell))) : htmlOf(cell);
}

/** 1,234 → 1 234, with a narrow space that no line is broken at. */
export function thin(figure: string): string {
  return figure.replaceAll(",", "\u202f").replace(/ (?=\D)/, "\u00a0");
}

/** JSON for a script of the page: within a script element nothing but `<` could end it. It shows no control character either. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(/[<\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
