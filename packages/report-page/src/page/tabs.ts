import { element, freshId } from "./dom.ts";

export interface Tab {
  readonly title: string;
  /** Makes what the tab shows, when it is opened first. */
  open(): HTMLElement;
}

/** Tabs as the WAI-ARIA practices have them: arrow keys, Home and End move between them, and the one in focus is open. */
export function tabs(label: string, list: readonly Tab[]): HTMLElement {
  const panels = list.map(() =>
    element("div", { role: "tabpanel", id: freshId(), tabindex: 0, hidden: true }),
  );
  const buttons = list.map(({ title }, place) =>
    element(
      "button",
      { type: "button", role: "tab", id: freshId(), "aria-controls": panels[place]!.id },
      element("bdi", {}, title),
    ),
  );
  const select = (chosen: number) => {
    for (const [place, button] of buttons.entries()) {
      const isChosen = place === chosen;
      const panel = panels[place]!;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      panel.hidden = !isChosen;
      if (isChosen && panel.childElementCount === 0) panel.append(list[place]!.open());
    }
  };
  for (const [place, button] of buttons.entries()) {
    panels[place]!.setAttribute("aria-labelledby", button.id);
    button.addEventListener("click", () => select(place));
    button.addEventListener("keydown", (event) => {
      const next = placeAfter(event.key, place, list.length);
      if (next === undefined) return;
      event.preventDefault();
      select(next);
      buttons[next]!.focus();
    });
  }
  select(0);
  return element(
    "div",
    { class: "tabs" },
    element("div", { role: "tablist", "aria-label": label }, ...buttons),
    ...panels,
  );
}

function placeAfter(key: string, place: number, count: number): number | undefined {
  if (key === "ArrowRight") return (place + 1) % count;
  if (key === "ArrowLeft") return (place + count - 1) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return undefined;
}
