export {
  code,
  counted,
  figure,
  grouped,
  joined,
  list,
  notes,
  paragraph,
  percentage,
  phrase,
  section,
  table,
} from "./blocks.ts";
export type {
  BarChart,
  Block,
  Cell,
  CodeBlock,
  Column,
  Figure,
  LineChart,
  List,
  Notes,
  Panel,
  Paragraph,
  PointChart,
  ReportDocument,
  Section,
  Span,
  Table,
  Text,
} from "./document.ts";
export { type HtmlOptions, isPage, renderHtml } from "./html/render-html.ts";
export { type MarkdownOptions, renderMarkdown } from "./render-markdown.ts";
export { renderText, type TextDocument, type TextOptions } from "./render-text.ts";
export { wrapped } from "./text-width.ts";
