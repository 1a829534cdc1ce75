import { element, labelled, option, statusLine, whenIdle } from "./dom.ts";
import { SEARCHES, type SearchBy, searchVocabulary } from "./search-vocabulary.ts";
import type { PageVocabulary } from "./unpack.ts";

/** Tokens shown at most: a page with 256,000 rows cannot be used. */
const MOST_SHOWN = 200;

export interface SearchForm {
  /** The controls, and a line that says how many tokens were found. */
  readonly node: HTMLElement;
  /** Searches again, after what can be found has changed. */
  update(): void;
}

/** A search over a vocabulary; `onFound` gets the tokens to show, at most 200. */
export function searchForm(
  vocabulary: PageVocabulary,
  onFound: (ids: readonly number[]) => void,
  { isWanted, controls = [] }: { isWanted?: (id: number) => boolean; controls?: readonly HTMLElement[] } = {},
): SearchForm {
  const by = element("select");
  by.append(...Object.entries(SEARCHES).map(([value, text]) => option(value, text)));
  const query = element("input", {
    type: "search",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
    dir: "auto",
  });
  const status = statusLine();
  const update = () => {
    const found = searchVocabulary(vocabulary, by.value as SearchBy, query.value, isWanted);
    if (typeof found === "string") {
      status.textContent = found;
      onFound([]);
      return;
    }
    const count = `${found.length.toLocaleString("en")} ${found.length === 1 ? "token" : "tokens"}`;
    status.textContent =
      found.length > MOST_SHOWN ? `${count}, the first ${MOST_SHOWN} are shown` : `${count} found`;
    onFound(found.slice(0, MOST_SHOWN));
  };
  by.addEventListener("change", update);
  query.addEventListener("input", whenIdle(update));
  const node = element(
    "form",
    { class: "search", role: "search" },
    labelled("Search", query),
    labelled("By", by),
    ...controls,
    status,
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    update();
  });
  return { node, update };
}
