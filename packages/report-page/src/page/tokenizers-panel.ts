import { LONGEST_TEXT, type TokenizerData, type TokenizersData } from "../panels/panel-data.ts";
import { pageTokenizer } from "../tokenize/page-tokenizer.ts";
import { element, heading, labelled, option, statusLine, whenIdle } from "./dom.ts";
import { hexOf, type PageVocabulary, unpack, unpackVocabulary } from "./unpack.ts";

/** A text box, and under it the text in the tokens of each tokenizer. */
export async function tokenizersPanel(
  { texts, tokenizers }: TokenizersData,
  level: number,
): Promise<HTMLElement> {
  const views = await Promise.all(tokenizers.map((data) => tokenizerView(data, texts, level)));
  const box = element("textarea", { rows: 4, maxlength: LONGEST_TEXT, spellcheck: "false", dir: "auto" });
  const choice = element("select");
  choice.append(...texts.map((text, place) => option(String(place), startOf(text))));
  const showIds = element("input", { type: "checkbox" });
  const status = statusLine();

  let turn = 0;
  const shown = element("div", {}, ...views.map((view) => view.node));
  const show = async () => {
    const mine = ++turn;
    shown.setAttribute("aria-busy", "true");
    const text = box.value;
    const counts: string[] = [];
    for (const view of views) {
      const count = await view.show(text, showIds.checked);
      // the reader has typed on
      if (mine !== turn) return;
      if (count !== undefined) counts.push(`${view.name}: ${count}`);
    }
    shown.setAttribute("aria-busy", "false");
    status.textContent = counts.length === 0 ? "" : `Tokens – ${counts.join(", ")}`;
  };
  choice.addEventListener("change", () => {
    box.value = texts[Number(choice.value)]!;
    void show();
  });
  box.addEventListener("input", whenIdle(show));
  box.addEventListener("change", () => void show());
  showIds.addEventListener("change", () => void show());
  box.value = texts[0]!;
  void show();

  return element(
    "div",
    {},
    ...(texts.length > 1 ? [labelled("Example", choice)] : []),
    labelled("Your text (it stays in this page)", box),
    labelled("Show ids", showIds),
    status,
    shown,
  );
}

const LONGEST_OPTION = 60;

function startOf(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > LONGEST_OPTION ? `${line.slice(0, LONGEST_OPTION)}…` : line;
}

interface TokenizerView {
  readonly name: string;
  readonly node: HTMLElement;
  /** Shows a text; returns how many tokens it has, if that is known. */
  show(text: string, withIds: boolean): Promise<number | undefined>;
}

async function tokenizerView(
  data: TokenizerData,
  texts: readonly string[],
  level: number,
): Promise<TokenizerView> {
  const vocabulary = await unpackVocabulary(data.vocabulary);
  const encode = textEncoder(data, texts);
  const figures = element("p", { class: "figures" });
  const tokens = element("p", { class: "tokens", dir: "auto" });
  const node = element("div", {}, heading(level, element("bdi", {}, data.name)), figures, tokens);
  return {
    name: data.name,
    node,
    async show(text, withIds) {
      const found = await encode(text);
      if ("problem" in found) {
        figures.textContent = found.problem;
        tokens.replaceChildren();
        return undefined;
      }
      const { ids } = found;
      const bytes = new TextEncoder().encode(text).length;
      const each = ids.length === 0 ? "" : `, ${(bytes / ids.length).toFixed(2)} bytes per token`;
      figures.textContent = `${ids.length} ${ids.length === 1 ? "token" : "tokens"}${each}`;
      tokens.replaceChildren(...ids.flatMap((id, place) => tokenNodes(vocabulary, id, place, withIds)));
      return ids.length;
    },
  };
}

type Found = { readonly ids: readonly number[] } | { readonly problem: string };

/**
 * Encodes texts: the given ones have their ids already; others are encoded in the page, once the encoder has proved on the given
 * ones that it does the same in this browser.
 */
function textEncoder(
  { json, refusal, encoded }: TokenizerData,
  texts: readonly string[],
): (text: string) => Promise<Found> {
  const given = new Map(texts.map((text, place) => [text, encoded[place]!]));
  let live: Promise<((text: string) => readonly number[]) | undefined> | undefined;
  return async (text) => {
    if (given.has(text)) {
      const ids = given.get(text);
      return ids ? { ids } : { problem: NO_TOKEN };
    }
    if (json === undefined) return { problem: `Only the examples are shown: ${refusal}.` };
    live ??= unpack(json).then((bytes) => checkedEncoder(bytes, given));
    const encode = await live;
    if (encode === undefined) {
      return {
        problem: "Only the examples are shown: in this browser the encoder gives other ids for them.",
      };
    }
    try {
      return { ids: encode(text) };
    } catch {
      return { problem: NO_TOKEN };
    }
  };
}

const NO_TOKEN = "The text has characters without a token, and there is no unknown token.";

function checkedEncoder(
  json: ArrayBuffer,
  given: ReadonlyMap<string, readonly number[] | null>,
): ((text: string) => readonly number[]) | undefined {
  const { encode } = pageTokenizer(JSON.parse(new TextDecoder().decode(json)) as object);
  for (const [text, ids] of given) {
    if (ids !== null && String(encode(text)) !== String(ids)) return undefined;
  }
  return encode;
}

const COLORS = 6;
const LINE_FEED = 0x0a;

function tokenNodes(vocabulary: PageVocabulary, id: number, place: number, withIds: boolean): Node[] {
  const bytes = vocabulary.bytesOf(id);
  const token = element(
    "bdi",
    { class: `token mark${place % COLORS}`, title: `id ${id}, bytes ${hexOf(bytes)}` },
    vocabulary.textOf(id),
    ...(withIds ? [element("sub", {}, String(id))] : []),
  );
  return bytes.at(-1) === LINE_FEED ? [token, element("br")] : [token];
}
