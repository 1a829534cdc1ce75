/**
 * What a command found, for a person: rendered as text for a terminal, as Markdown for a model card, and as an HTML page.
 * All texts may be foreign (tokens, names of files): each renderer escapes them for where they go.
 */
export interface ReportDocument {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly lead?: Text;
  readonly blocks: readonly Block[];
}

export type Block =
  | Section
  | Paragraph
  | List
  | Notes
  | Table
  | BarChart
  | PointChart
  | LineChart
  | CodeBlock
  | Panel;

/** Running text: strings, and parts of it that are shown in another way. */
export type Text = Span | readonly Span[];

export type Span =
  | string
  /** A token, a name of a file, a command. */
  | { readonly code: string }
  | { readonly strong: string }
  /** Renderers make a link of `https://` addresses alone. */
  | { readonly link: string; readonly text: string };

/** A heading and what is under it. The sections of a page are its table of contents. */
export interface Section {
  readonly kind: "section";
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface Paragraph {
  readonly kind: "paragraph";
  readonly text: Text;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Text[];
}

/** What a reader has to know, such as what was not measured and why. */
export interface Notes {
  readonly kind: "notes";
  readonly notes: readonly string[];
  /** @default "note" */
  readonly tone?: "note" | "warning";
}

export interface Table {
  readonly kind: "table";
  /** Above the table. */
  readonly title?: string;
  /** @default a table without a head */
  readonly columns?: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Column {
  readonly title: string;
  /** @default "right" where all cells are numbers, else "left" */
  readonly align?: "left" | "right";
  /**
   * Where a line of text has no room for all columns, those are left out that have this, the highest number first.
   * @default the column stays
   */
  readonly expendable?: number;
}

/** A number is shown with its unit and places, `undefined` and NaN as an empty cell. */
export type Cell = Text | Figure | undefined;

export interface Figure {
  readonly value: number;
  /** Digits after the point. @default 0 */
  readonly places?: number;
  /** After the number, such as `%`. A value in percent is given as such, not as a share. */
  readonly unit?: string;
}

/** A bar for each label, made of a part for each series; labels and values are also given as a table. */
export interface BarChart {
  readonly kind: "bars";
  readonly title: string;
  /** What a value is, with its unit. */
  readonly measure: string;
  readonly series: readonly string[];
  readonly bars: readonly { readonly label: string; readonly values: readonly number[] }[];
  /** Parts of one bar, or bars side by side. @default "stacked" */
  readonly arrangement?: "stacked" | "grouped";
  /** Digits after the point. @default 0 */
  readonly places?: number;
}

/** Points on a plane, such as rows of a matrix on two of its principal components. */
export interface PointChart {
  readonly kind: "points";
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly { readonly x: number; readonly y: number; readonly label?: string }[];
  }[];
}

/** Lines over a common axis, such as a score by steps. */
export interface LineChart {
  readonly kind: "lines";
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[];
  /** Digits after the point of y. @default 0 */
  readonly places?: number;
}

export interface CodeBlock {
  readonly kind: "code";
  readonly text: string;
  readonly language?: string;
}

/** A part of a page that a reader works with, such as a search over a vocabulary. Other renderers show `instead`. */
export interface Panel {
  readonly kind: "panel";
  /** Names the script that brings it to life. */
  readonly name: string;
  readonly title: string;
  /** JSON for the script. */
  readonly data: unknown;
  /** @default [] */
  readonly instead?: readonly Block[];
}
