import type { PackedNearest, PackedOrigins, RowsData } from "../panels/panel-data.ts";
import { element, heading } from "./dom.ts";
import { rowsMap } from "./rows-map.ts";
import { searchForm } from "./search-form.ts";
import { tokenCode } from "./token-code.ts";
import { type PageVocabulary, startsOf, unpack, unpackVocabulary } from "./unpack.ts";

/** A search for tokens, the map of rows, and what is known of the token that is chosen. */
export async function rowsPanel(
  { vocabulary: packed, points, nearest, origins }: RowsData,
  level: number,
): Promise<HTMLElement> {
  const vocabulary = await unpackVocabulary(packed);
  const nearestOf = nearest && (await unpackNearest(nearest));
  const originOf = origins && (await unpackOrigins(origins));
  const map = points && (await rowsMap(points, (id) => choose(id)));
  const details = element("div", { class: "details", "aria-live": "polite" });
  const found = element("ul", { class: "found" });
  const form = searchForm(vocabulary, (ids) => {
    found.replaceChildren(...ids.map((id) => element("li", {}, tokenButton(id))));
  });
  form.update();
  return element(
    "div",
    {},
    ...(map ? [map.node] : []),
    form.node,
    element("div", { class: "beside" }, found, details),
  );

  function choose(id: number): void {
    const rows = nearestOf?.(id);
    const origin = originOf?.(id);
    map?.mark(id, rows?.map((row) => row.id) ?? []);
    details.replaceChildren(
      heading(level, tokenCode(vocabulary, id), ` (id ${id})`),
      ...(origin ? [originNode(origin)] : []),
      ...(nearest ? [nearestNode(nearest.measure, rows)] : []),
    );
  }

  function nearestNode(measure: string, rows: readonly Neighbor[] | undefined): HTMLElement {
    if (rows === undefined)
      return element("p", {}, "Its nearest rows were not computed: it is not among the sampled ones.");
    return element(
      "div",
      {},
      element("p", {}, `Nearest rows, by ${measure}:`),
      element(
        "ol",
        {},
        ...rows.map(({ id, similarity }) => element("li", {}, tokenButton(id), ` ${similarity.toFixed(3)}`)),
      ),
    );
  }

  function tokenButton(id: number): HTMLElement {
    const button = element(
      "button",
      { type: "button", class: "choose", title: `id ${id}` },
      tokenCode(vocabulary, id),
    );
    button.addEventListener("click", () => choose(id));
    return button;
  }
}

interface Neighbor {
  readonly id: number;
  readonly similarity: number;
}

async function unpackNearest({
  count,
  ids,
  neighbors,
  similarities,
}: PackedNearest): Promise<(id: number) => readonly Neighbor[] | undefined> {
  const rows = new Uint32Array(await unpack(ids));
  const idAt = new Uint32Array(await unpack(neighbors));
  const similarityAt = new Float32Array(await unpack(similarities));
  const placeOf = new Map(Array.from(rows, (id, place) => [id, place]));
  return (id) => {
    const place = placeOf.get(id);
    if (place === undefined) return undefined;
    return Array.from({ length: count }, (_, nth) => ({
      id: idAt[place * count + nth]!,
      similarity: similarityAt[place * count + nth]!,
    }));
  };
}

interface Origin {
  readonly name: string;
  readonly sources: readonly { readonly id: number; readonly weight: number }[];
  readonly vocabulary: PageVocabulary;
}

async function unpackOrigins({
  names,
  of,
  counts,
  sources,
  weights,
  sourceVocabulary,
}: PackedOrigins): Promise<(id: number) => Origin> {
  const vocabulary = await unpackVocabulary(sourceVocabulary);
  const nameAt = new Uint8Array(await unpack(of));
  const countAt = new Uint32Array(await unpack(counts));
  const sourceAt = new Uint32Array(await unpack(sources));
  const weightAt = new Float32Array(await unpack(weights));
  const starts = startsOf(countAt);
  return (id) => ({
    name: names[nameAt[id]!]!,
    vocabulary,
    sources: Array.from({ length: countAt[id]! }, (_, nth) => ({
      id: sourceAt[starts[id]! + nth]!,
      weight: weightAt[starts[id]! + nth]!,
    })).sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight)),
  });
}

/** Source rows of one row that are listed; a mean over the vocabulary has all of them. */
const MOST_SOURCES = 30;

function originNode({ name, sources, vocabulary }: Origin): HTMLElement {
  const intro = element(
    "p",
    {},
    "Its row is from ",
    element("code", {}, name),
    sources.length > 0 ? ":" : ".",
  );
  const left = sources.length - MOST_SOURCES;
  return element(
    "div",
    {},
    intro,
    element(
      "ul",
      { class: "sources" },
      ...sources
        .slice(0, MOST_SOURCES)
        .map(({ id, weight }) => element("li", {}, `${weightText(weight)} · `, sourceNode(vocabulary, id))),
      ...(left > 0 ? [element("li", {}, `and ${left.toLocaleString("en")} more`)] : []),
    ),
  );
}

function sourceNode(vocabulary: PageVocabulary, id: number): HTMLElement {
  if (id >= vocabulary.size) return element("span", {}, `basis row ${id - vocabulary.size}`);
  return tokenCode(vocabulary, id);
}

function weightText(weight: number): string {
  return Math.abs(weight) >= 0.0005 ? weight.toFixed(3) : weight.toExponential(1);
}
