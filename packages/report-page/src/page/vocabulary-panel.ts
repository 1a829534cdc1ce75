import type { VocabulariesData } from "../panels/panel-data.ts";
import { element, labelled, option } from "./dom.ts";
import { type SearchForm, searchForm } from "./search-form.ts";
import { tabs } from "./tabs.ts";
import { hexOf, type PageVocabulary, unpack, unpackVocabulary } from "./unpack.ts";

interface Searched {
  readonly name: string;
  readonly vocabulary: PageVocabulary;
  readonly classes: Classes;
  /** The lowest id of the same token; undefined if it has none. */
  readonly counterpartOf: (key: string) => number | undefined;
}

interface Classes {
  readonly names: readonly string[];
  readonly of: (id: number) => string;
}

/** A search over each of the vocabularies. */
export async function vocabularyPanel({ vocabularies }: VocabulariesData): Promise<HTMLElement> {
  const searched = await Promise.all(
    vocabularies.map(async ({ name, vocabulary: packed, classes: packedClasses }): Promise<Searched> => {
      const vocabulary = await unpackVocabulary(packed);
      const of = packedClasses && new Uint8Array(await unpack(packedClasses.of));
      const classes: Classes = packedClasses
        ? { names: packedClasses.names, of: (id) => packedClasses.names[of![id]!]! }
        : { names: ["text", "byte", "special", "unused"], of: vocabulary.kindOf };
      return { name, vocabulary, classes, counterpartOf: counterparts(vocabulary) };
    }),
  );
  if (searched.length === 1) return vocabularySearch(searched[0]!, []);
  return tabs(
    "Vocabularies",
    searched.map((one) => ({
      title: one.name,
      open: () =>
        vocabularySearch(
          one,
          searched.filter((other) => other !== one),
        ),
    })),
  );
}

function vocabularySearch(one: Searched, others: readonly Searched[]): HTMLElement {
  const { name, vocabulary, classes } = one;
  const ofClass = element("select");
  ofClass.append(option("", "all"), ...classes.names.map((className) => option(className, className)));
  const body = element("tbody");
  const show = (ids: readonly number[]) => {
    body.replaceChildren(...ids.map((id) => tokenRow(one, others, id)));
  };
  const form: SearchForm = searchForm(vocabulary, show, {
    isWanted: (id) => ofClass.value === "" || classes.of(id) === ofClass.value,
    controls: [labelled("Class", ofClass)],
  });
  ofClass.addEventListener("change", form.update);
  form.update();
  const heads = ["id", "token", "bytes", "class", ...others.map((other) => `id in ${other.name}`)];
  return element(
    "div",
    {},
    form.node,
    element(
      "div",
      { class: "scroll long", role: "group", "aria-label": `Tokens of ${name}`, tabindex: 0 },
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head))),
        ),
        body,
      ),
    ),
  );
}

function tokenRow({ vocabulary, classes }: Searched, others: readonly Searched[], id: number): HTMLElement {
  const key = keyOf(vocabulary, id);
  return element(
    "tr",
    {},
    element("td", { class: "end" }, String(id)),
    element("th", { scope: "row" }, element("code", {}, element("bdi", {}, vocabulary.textOf(id)))),
    element("td", { class: "hex" }, hexOf(vocabulary.bytesOf(id).subarray(0, LONGEST_HEX))),
    element("td", {}, classes.of(id)),
    ...others.map(({ counterpartOf }) =>
      element("td", { class: "end" }, String((key && counterpartOf(key)) ?? "–")),
    ),
  );
}

/** Bytes of a token that are shown in hex. */
const LONGEST_HEX = 64;

/** The lowest id for each token, looked up by {@link keyOf}. Made at the first look-up. */
function counterparts(vocabulary: PageVocabulary): (key: string) => number | undefined {
  let ids: Map<string, number> | undefined;
  const list = () => {
    const made = new Map<string, number>();
    for (let id = vocabulary.size - 1; id >= 0; id--) {
      const key = keyOf(vocabulary, id);
      if (key !== undefined) made.set(key, id);
    }
    return made;
  };
  return (key) => {
    ids ??= list();
    return ids.get(key);
  };
}

/** The same for tokens of two vocabularies that are the same: both text with the same bytes, or both special with the same string. */
function keyOf(vocabulary: PageVocabulary, id: number): string | undefined {
  const kind = vocabulary.kindOf(id);
  if (kind === "unused") return undefined;
  return `${kind === "special" ? "special" : "text"} ${LATIN1.decode(vocabulary.bytesOf(id))}`;
}

/** A character for every byte (as windows-1252, which is one to one as well). */
const LATIN1 = new TextDecoder("latin1");
