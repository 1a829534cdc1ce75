/** A document as the parts of a page; `linkTo` gives the address on the site of a link's target. */
export function renderMarkdown(text: string, linkTo: (target: string) => string): RenderedDocument;

export interface RenderedDocument {
  readonly title: string;
  readonly description: string;
  readonly html: string;
  readonly headings: readonly { readonly level: number; readonly text: string; readonly anchor: string }[];
  /** The text below each heading. */
  readonly sections: readonly { readonly heading: string; readonly anchor: string; readonly text: string }[];
}
