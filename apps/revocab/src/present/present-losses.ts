import type { DocumentLoss, LossByToken, LossComparison, TokenGroup } from "@revocab/evaluation";
import {
  type BarChart,
  type Block,
  type Cell,
  counted,
  figure,
  grouped,
  notes,
  percentage,
  section,
  type Text,
  table,
} from "@revocab/report-document";

/** What the tokens of a text cost one model: what the dear ones have in common, the dearest, and the dearest documents. */
export function lossSections(losses: LossByToken): readonly Block[] {
  return [groupSection(losses), tokenSection(losses), documentSection(losses.documents)];
}

/** What a text costs before and after a swap, and where that differs. */
export function swapLossSections(losses: {
  /** Null where the source was not scored. */
  readonly before: LossByToken | null;
  readonly after: LossByToken;
  readonly compared: LossComparison | null;
}): readonly Block[] {
  const { before, after, compared } = losses;
  if (before === null) return lossSections(after);
  return [
    ...(compared === null ? [] : [stretchSection(compared), placeSection(compared)]),
    section("What the bits go to", groupChart(before, after)),
    tokenSection(after),
    documentSection(after.documents, before.documents),
  ];
}

/** Lines of each table; `--json` has all. */
const SHOWN = 20;
const SHOWN_DOCUMENTS = 5;

function groupSection({ groups, bits, scoredTokens }: LossByToken): Block {
  return section(
    "What the bits go to",
    table(
      groups.map((group) => [
        GROUPS[group.group],
        figure(group.count),
        percentage(group.count, scoredTokens),
        percentage(group.bits, bits),
        figure(group.mean, 2),
      ]),
      ["tokens", "count", "of all tokens", "of all bits", "bits each"],
    ),
  );
}

const GROUPS: Readonly<Record<TokenGroup, string>> = {
  word: "letters after a space",
  letters: "letters without a space before",
  digits: "digits",
  signs: "punctuation and signs",
  "white space": "white space",
  bytes: "parts of a character",
  special: "special tokens",
};

function tokenSection({ tokens, bits }: LossByToken): Block {
  return section(
    `Tokens that cost most, of ${counted(tokens.length, "token")} that the text has`,
    table(
      tokens
        .slice(0, SHOWN)
        .map((token) => [
          String(token.id),
          quoted(token.token),
          figure(token.count),
          figure(token.bits, 1),
          percentage(token.bits, bits),
          figure(token.mean, 2),
        ]),
      [{ title: "id", align: "right" }, "token", "count", "bits", "of all bits", "bits each"],
    ),
  );
}

/** The dearest first; with those before a swap, the ones that became dearest. */
function documentSection(documents: readonly DocumentLoss[], before?: readonly DocumentLoss[]): Block {
  const rows = documents.flatMap((document, index) => {
    const old = before === undefined ? 0 : before[index]?.bitsPerByte;
    const { bitsPerByte } = document;
    return bitsPerByte === null || old === null || old === undefined
      ? []
      : [{ document, old, bitsPerByte, more: bitsPerByte - old }];
  });
  const shown = rows.sort((a, b) => b.more - a.more).slice(0, SHOWN_DOCUMENTS);
  const head = before === undefined ? ["bits per byte"] : ["bits per byte before", "after", "more"];
  return section(
    `Documents that ${before === undefined ? "cost" : "became"} ${before === undefined ? "most" : "dearest"}, of ${grouped(documents.length)}`,
    table(
      shown.map(({ document, old, bitsPerByte, more }): Cell[] => [
        ...(before === undefined ? [] : [figure(old, 4)]),
        figure(bitsPerByte, 4),
        ...(before === undefined ? [] : [figure(more, 4)]),
        figure(document.bytes),
        quoted(document.begins),
      ]),
      [...head, "bytes", "begins"],
    ),
  );
}

function stretchSection({ stretches, documentsLeftOut }: LossComparison): Block {
  return section(
    "Where it became dearer: text that both tokenizers write in whole tokens",
    table(
      stretches
        .filter(({ difference }) => difference > 0)
        .slice(0, SHOWN)
        .map(({ text, count, before, after, difference }) => [
          quoted(text),
          figure(count),
          figure(before.bits, 1),
          figure(after.bits, 1),
          figure(difference, 1),
          pieces(before.tokens),
          pieces(after.tokens),
        ]),
      ["text", "count", "bits before", "after", "more", "tokens before", "after"],
    ),
    notes(
      documentsLeftOut === 0
        ? []
        : [
            `${counted(documentsLeftOut, "document")} could not be compared: the tokenizers do not write the same bytes`,
          ],
    ),
  );
}

function placeSection({ places }: LossComparison): Block {
  return section(
    "Single places that became dearest",
    table(
      places
        .slice(0, SHOWN)
        .map(({ before, after, context }) => [figure(before, 1), figure(after, 1), placeIn(context)]),
      ["bits before", "after", "place"],
    ),
  );
}

function placeIn([left, text, right]: readonly [string, string, string]): Text {
  return ["…", left, { strong: `⟦${text}⟧` }, right, "…"];
}

/** Bits per byte of the text, for bits of a token are not comparable between vocabularies. */
function groupChart(before: LossByToken, after: LossByToken): BarChart {
  const bytes = after.documents.reduce((sum, document) => sum + document.bytes, 0);
  const names = [...new Set([...after.groups, ...before.groups].map(({ group }) => group))];
  const shareOf = ({ groups }: LossByToken, name: TokenGroup) =>
    (groups.find(({ group }) => group === name)?.bits ?? 0) / bytes;
  return {
    kind: "bars",
    title: "Bits by what tokens are",
    measure: "bits per byte of the text",
    series: ["before", "after"],
    arrangement: "grouped",
    places: 4,
    bars: names.map((name) => ({
      label: GROUPS[name],
      values: [shareOf(before, name), shareOf(after, name)],
    })),
  };
}

/** With its spaces in view. */
export function quoted(token: string): Text {
  return [{ code: `"${token}"` }];
}

function pieces(tokens: readonly string[]): Text {
  return [{ code: tokens.join("·") }];
}
