import { showLine } from "@revocab/core";
import type { DocumentLoss, LossByToken, LossComparison, TokenGroup } from "@revocab/evaluation";
import {
  type BarChart,
  type Block,
  counted,
  figure,
  notes,
  percentage,
  section,
  type Text,
  table,
} from "@revocab/report-document";

/** What the tokens of a text cost one model: what the dear ones have in common, the dearest, and the dearest documents. */
export function lossSections(losses: LossByToken, lines = LINES): readonly Block[] {
  return [groupSection(losses), tokenSection(losses, lines), documentSection(losses.documents, lines)];
}

/** What a text costs before and after a swap, and where that differs. */
export function swapLossSections(
  losses: {
    /** Null where the source was not scored. */
    readonly before: LossByToken | null;
    readonly after: LossByToken;
    readonly compared: LossComparison | null;
  },
  lines = LINES,
): readonly Block[] {
  const { before, after, compared } = losses;
  if (before === null) return lossSections(after, lines);
  return [
    ...(compared === null ? [] : [stretchSection(compared, lines), placeSection(compared, lines)]),
    section("What the bits go to", groupChart(before, after)),
    tokenSection(after, lines),
    documentSection(after.documents, lines, before.documents),
  ];
}

/** Lines of each table on a terminal; `--json` has all. */
const LINES = 20;

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

function tokenSection({ tokens, bits, differentTokens }: LossByToken, lines: number): Block {
  return section(
    `Tokens that cost most, of ${counted(differentTokens, "token")} that were scored`,
    table(
      tokens
        .slice(0, lines)
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
function documentSection(
  documents: readonly DocumentLoss[],
  lines: number,
  before?: readonly DocumentLoss[],
): Block {
  const rows = documents
    .map((document, index) => {
      const [old, now] = [before?.[index]?.bitsPerByte ?? Number.NaN, document.bitsPerByte ?? Number.NaN];
      return { document, old, now, rank: before === undefined ? now : now - old };
    })
    .filter(({ rank }) => !Number.isNaN(rank))
    .sort((a, b) => b.rank - a.rank)
    .slice(0, lines);
  if (before === undefined) {
    return section(
      "Documents that cost most",
      table(
        rows.map(({ document, now }) => [figure(now, 4), figure(document.bytes), quoted(document.begins)]),
        ["bits per byte", "bytes", "begins"],
      ),
    );
  }
  return section(
    "Documents that became dearest",
    table(
      rows.map(({ document, old, now, rank }) => [
        figure(old, 4),
        figure(now, 4),
        figure(rank, 4),
        figure(document.bytes),
        quoted(document.begins),
      ]),
      ["bits per byte before", "after", "more", "bytes", "begins"],
    ),
  );
}

function stretchSection({ stretches, documentsLeftOut }: LossComparison, lines: number): Block {
  return section(
    "Where it became dearer: text that both tokenizers write in whole tokens",
    table(
      stretches
        .filter(({ difference }) => difference > 0)
        .slice(0, lines)
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

function placeSection({ places }: LossComparison, lines: number): Block {
  return section(
    "Single places that became dearest",
    table(
      places
        .slice(0, lines)
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
  const names = [...new Set([...after.groups, ...before.groups].map(({ group }) => group))];
  const partOf = ({ groups, bitsPerByte }: LossByToken, name: TokenGroup) =>
    (groups.find(({ group }) => group === name)?.share ?? 0) * (bitsPerByte ?? 0);
  return {
    kind: "bars",
    title: "Bits by what tokens are",
    measure: "bits per byte of the text",
    series: ["before", "after"],
    arrangement: "grouped",
    places: 4,
    bars: names.map((name) => ({
      label: GROUPS[name],
      values: [partOf(before, name), partOf(after, name)],
    })),
  };
}

/** With its spaces in view. */
export function quoted(token: string): Text {
  return [{ code: `"${showLine(token, LONGEST_SHOWN)}"` }];
}

function pieces(tokens: readonly string[]): Text {
  return [{ code: showLine(tokens.join("·"), LONGEST_SHOWN) }];
}

/** Characters of a token: a longer one would push the columns after it out of sight. */
const LONGEST_SHOWN = 100;
