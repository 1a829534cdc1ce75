type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with its attributes (`true` is an empty one, `false` and `undefined` are none) and what it holds. Strings become text, never markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

export function svgElement<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill<Made extends Element>(
  made: Made,
  attributes: Attributes,
  children: readonly (Node | string)[],
): Made {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** A heading of a level from 2 to 6. */
export function heading(level: number, ...children: readonly (Node | string)[]): HTMLHeadingElement {
  return element(`h${level}` as "h2", {}, ...children);
}

/** An id that no other element of the page has. */
export function freshId(): string {
  return `panel-${++count}`;
}

let count = 0;

/** A control with its label. */
export function labelled(label: string, control: HTMLElement): HTMLElement {
  control.id ||= freshId();
  return element("div", { class: "field" }, element("label", { for: control.id }, label), control);
}

export function option(value: string, text: string): HTMLOptionElement {
  return element("option", { value }, text);
}

/** A line that screen readers read out when it changes. */
export function statusLine(): HTMLElement {
  return element("p", { class: "status", role: "status", "aria-live": "polite" });
}

/** Calls `work` once the reader has stopped typing for a moment. */
export function whenIdle(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, 150);
  };
}
