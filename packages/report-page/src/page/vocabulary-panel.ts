import { KINDS, type VocabulariesData } from "../panels/panel-data.ts";
import { element, labelled, option } from "./dom.ts";
import { searchForm } from "./search-form.ts";
import { tabs } from "./tabs.ts";
import { tokenCode } from "./token-code.ts";
import { hexOf, type PageVocabulary, unpack, unpackLists, unpackVocabulary } from "./unpack.ts";

interface Searched {
  readonly name: string;
  readonly vocabulary: PageVocabulary;
  readonly classNames: readonly string[];
  readonly classOf: (id: number) => string;
  /** By other vocabulary: the same token, or the tokens that spell it. */
  readonly counterparts: readonly ((id: number) => Uint32Array)[];
}

/** A search over each of the vocabularies. */
export async function vocabularyPanel({ vocabularies }: VocabulariesData): Promise<HTMLElement> {
  const searched = await Promise.all(vocabularies.map(unpackSearched));
  const search = (one: Searched) =>
    vocabularySearch(
      one,
      searched.filter((other) => other !== one),
    );
  if (searched.length === 1) return search(searched[0]!);
  return tabs(
    "Vocabularies",
    searched.map((one) => ({ title: one.name, open: () => search(one) })),
  );
}

async function unpackSearched(packed: VocabulariesData["vocabularies"][number]): Promise<Searched> {
  const { name, classes } = packed;
  const vocabulary = await unpackVocabulary(packed.vocabulary);
  const counterparts = await Promise.all(packed.counterparts.map(unpackLists));
  if (classes === undefined) {
    return { name, vocabulary, counterparts, classNames: KINDS, classOf: vocabulary.kindOf };
  }
  const of = new Uint8Array(await unpack(classes.of));
  return {
    name,
    vocabulary,
    counterparts,
    classNames: classes.names,
    classOf: (id) => classes.names[of[id]!]!,
  };
}

function vocabularySearch(one: Searched, others: readonly Searched[]): HTMLElement {
  const { name, vocabulary, classNames, classOf } = one;
  const wanted = element("select");
  wanted.append(option("", "all"), ...classNames.map((className) => option(className, className)));
  const body = element("tbody");
  const show = (ids: readonly number[]) => {
    body.replaceChildren(...ids.map((id) => tokenRow(one, others, id)));
  };
  const form = searchForm(vocabulary, show, {
    isWanted: (id) => wanted.value === "" || classOf(id) === wanted.value,
    controls: [labelled("Class", wanted)],
  });
  wanted.addEventListener("change", form.update);
  form.update();
  const heads = ["id", "token", "bytes", "class", ...others.map((other) => `in ${other.name}`)];
  const head = element("tr", {}, ...heads.map((title) => element("th", { scope: "col" }, title)));
  return element(
    "div",
    {},
    form.node,
    element(
      "div",
      { class: "scroll long", role: "group", "aria-label": `Tokens of ${name}`, tabindex: 0 },
      element("table", {}, element("thead", {}, head), body),
    ),
  );
}

function tokenRow(one: Searched, others: readonly Searched[], id: number): HTMLElement {
  const { vocabulary, classOf, counterparts } = one;
  return element(
    "tr",
    {},
    element("td", { class: "end" }, String(id)),
    element("th", { scope: "row" }, tokenCode(vocabulary, id)),
    element("td", { class: "hex" }, hexOf(vocabulary.bytesOf(id).subarray(0, LONGEST_HEX))),
    element("td", {}, classOf(id)),
    ...others.map((other, place) =>
      element("td", {}, ...counterpartNodes(other.vocabulary, Array.from(counterparts[place]!(id)))),
    ),
  );
}

/** Bytes of a token that are shown in hex. */
const LONGEST_HEX = 64;

/** The id of the same token, or the tokens that spell it. */
function counterpartNodes(vocabulary: PageVocabulary, ids: readonly number[]): (Node | string)[] {
  if (ids.length === 0) return ["–"];
  if (ids.length === 1) return [`id ${ids[0]}`];
  return ids.flatMap((id, place) =>
    place === 0 ? [tokenCode(vocabulary, id)] : [" ", tokenCode(vocabulary, id)],
  );
}
