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
  // an encoder takes up to a second, which is spent best before the reader types
  box.addEventListener("focus", () => void prepareAll(views), { once: true });
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

/** One after the other, with time between them for what the reader does. */
async function prepareAll(views: readonly TokenizerView[]): Promise<void> {
  for (const view of views) {
    await new Promise((done) => setTimeout(done));
    await view.prepare();
  }
}

interface TokenizerView {
  readonly name: string;
  readonly node: HTMLElement;
  /** Makes its encoder. */
  prepare(): Promise<unknown>;
  /** Shows a text; returns how many tokens it has, if that is known. */
  show(text: string, withIds: boolean): Promise<number | undefined>;
}

async function tokenizerView(
  data: TokenizerData,
  texts: readonly string[],
  level: number,
): Promise<TokenizerView> {
  const vocabulary = await unpackVocabulary(data.vocabulary);
  const { encode, prepare } = textEncoder(data, texts);
  const figures = element("p", { class: "figures" });
  const tokens = element("p", { class: "tokens", dir: "auto" });
  const node = element("div", {}, heading(level, element("bdi", {}, data.name)), figures, tokens);
  return {
    name: data.name,
    node,
    prepare,
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

type Encode = (text: string) => readonly number[];

/**
 * Encodes texts: the given ones have their ids already; others are encoded in the page, once the encoder has proved on the given
 * ones that it does the same in this browser.
 */
function textEncoder(
  { json, refusal, encoded }: TokenizerData,
  texts: readonly string[],
): { encode(text: string): Promise<Found>; prepare(): Promise<Encode | undefined> } {
  const given = new Map(texts.map((text, place) => [text, encoded[place]!]));
  let made: Promise<Encode | undefined> | undefined;
  const prepare = async () => {
    made ??= json === undefined ? undefined : unpack(json).then((bytes) => checkedEncoder(bytes, given));
    return made;
  };
  return {
    prepare,
    async encode(text) {
      const ids = given.get(text);
      if (ids) return { ids };
      if (ids === null) return { problem: NO_TOKEN };
      if (json === undefined) return { problem: `Only the examples are shown: ${refusal}.` };
      const encode = await prepare();
      if (encode === undefined) return { problem: DIFFERENT_HERE };
      try {
        return { ids: encode(text) };
      } catch {
        return { problem: NO_TOKEN };
      }
    },
  };
}

const NO_TOKEN = "The text has characters without a token, and there is no unknown token.";
const DIFFERENT_HERE = "Only the examples are shown: in this browser the encoder gives other ids for them.";

/** The encoder, if it can be made in this browser and gives the texts the ids that they have. */
function checkedEncoder(
  json: ArrayBuffer,
  given: ReadonlyMap<string, readonly number[] | null>,
): Encode | undefined {
  try {
    const { encode } = pageTokenizer(JSON.parse(new TextDecoder().decode(json)) as object);
    const isSame = ([text, ids]: [string, readonly number[] | null]) =>
      ids === null || String(encode(text)) === String(ids);
    return Array.from(given).every(isSame) ? encode : undefined;
  } catch {
    return undefined;
  }
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
