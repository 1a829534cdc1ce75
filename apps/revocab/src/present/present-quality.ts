import type { Block, Cell, ReportDocument, Section, Table } from "@revocab/report-document";
import {
  LONGEST_LISTED,
  type QualityReport,
  type TextQuality,
  TOKEN_CLASSES,
  type TokenizerQuality,
} from "@revocab/tokenizer-quality";
import { describeDigits } from "@revocab/vocabulary";

export interface QualityPresentation {
  /** Everything that was found, for a page; otherwise what fits on some screens. @default false */
  readonly isWhole?: boolean;
  /** At the end, such as panels of a page. @default none */
  readonly more?: readonly Block[];
}

/** What tokenizers are and what they make of texts, in tables with a column for each tokenizer. */
export function presentQuality(
  report: QualityReport,
  { isWhole = false, more = [] }: QualityPresentation = {},
): ReportDocument {
  const { tokenizers } = report;
  const sections = [
    section("Vocabularies", [
      vocabularies(report),
      ...(isWhole && tokenizers.length > 2 ? [sharedTokens(tokenizers)] : []),
      classes(tokenizers),
      scripts(tokenizers),
      ...(isWhole ? [lengths(tokenizers)] : []),
    ]),
    section("Texts", texts(report)),
    section("Parallel texts", parallelTexts(report)),
    section("Words", words(report)),
    section("Numbers, white space and code", [
      numbers(tokenizers),
      ...(isWhole ? [indentations(tokenizers)] : []),
    ]),
    ...(isWhole ? [section("Names of special tokens in a text", [specialNames(tokenizers)])] : []),
    section("Tokens that no text is written with", unreachable(tokenizers, isWhole ? 10 : 2)),
  ];
  return {
    title: `Tokenizer quality: ${tokenizers.map(({ name }) => name).join(", ")}`,
    blocks: [...sections.filter(({ blocks }) => blocks.length > 0), ...more],
  };
}

function vocabularies({ tokenizers, coreTokens }: QualityReport): Table {
  const isComparison = tokenizers.length > 1;
  return table("", tokenizers, [
    ["family", ({ family }) => family],
    ["ids", ({ size }) => ({ value: size })],
    ["tokens of text and bytes, each byte string once", ({ overlap }) => ({ value: overlap.tokens })],
    ...(isComparison
      ? ([
          ["in all of these tokenizers", () => ({ value: coreTokens })],
          ["in this one alone", ({ overlap }) => ({ value: overlap.singletons })],
        ] satisfies Row[])
      : []),
    ["special tokens", ({ kinds }) => ({ value: kinds.special })],
    ["mean bytes of a token", ({ lengths: { meanBytes } }) => ({ value: meanBytes, places: 2 })],
    ["bytes of the longest token", ({ lengths: { longest } }) => longest && { value: longest.bytes }],
    ["parts of characters", ({ reachability }) => ({ value: reachability.undecodable })],
    ["tokens that no text is written with", (one) => ({ value: unreachableOf(one) })],
  ]);
}

function sharedTokens(tokenizers: readonly TokenizerQuality[]): Table {
  return {
    ...table(
      "",
      tokenizers,
      tokenizers.map(({ name }, place) => [name, ({ overlap }) => ({ value: overlap.shared[place]! })]),
    ),
    title: "Tokens that two of them share",
  };
}

function classes(tokenizers: readonly TokenizerQuality[]): Block {
  return {
    kind: "bars",
    title: "Classes of tokens",
    measure: "% of tokens",
    series: TOKEN_CLASSES,
    bars: tokenizers.map(({ name, classes: counts }) => {
      const all = sum(Object.values(counts));
      return { label: name, values: TOKEN_CLASSES.map((one) => percent(counts[one], all)) };
    }),
    places: 1,
  };
}

/** Scripts with more than so many percent of some tokenizer's tokens of letters have a part of their own. */
const LEAST_PERCENT = 1;

function scripts(tokenizers: readonly TokenizerQuality[]): Block {
  const shares = tokenizers.map(({ scripts: counts }) => {
    const all = sum(Object.values(counts));
    return new Map(Object.entries(counts).map(([name, count]) => [name, percent(count, all)]));
  });
  const named = [...new Set(shares.flatMap((one) => [...one.keys()]))].filter((name) =>
    shares.some((one) => (one.get(name) ?? 0) > LEAST_PERCENT),
  );
  return {
    kind: "bars",
    title: "Scripts",
    measure: "% of tokens of letters",
    series: [...named.map((name) => name.replaceAll("_", " ")), "others"],
    bars: tokenizers.map(({ name }, place) => {
      const own = named.map((script) => shares[place]!.get(script) ?? 0);
      return { label: name, values: [...own, Math.max(0, sum([...shares[place]!.values()]) - sum(own))] };
    }),
    places: 1,
  };
}

function lengths(tokenizers: readonly TokenizerQuality[]): Block {
  return {
    kind: "lines",
    title: `Lengths of tokens, those of ${LONGEST_LISTED} bytes and more together`,
    x: "bytes of a token",
    y: "% of tokens",
    series: tokenizers.map(({ name, lengths: { byBytes } }) => {
      const all = sum(byBytes);
      return { name, points: byBytes.map((count, i) => ({ x: i + 1, y: percent(count, all) })) };
    }),
    places: 1,
  };
}

function texts({ tokenizers, texts: sizes }: QualityReport): Block[] {
  if (sizes.length === 0) return [];
  const tables = sizes.map(({ name, bytes, lines, isWordless }, place) => {
    const title = `${name}: ${grouped(bytes)} bytes in ${grouped(lines)} lines`;
    return textTable(
      isWordless ? `${title}, without spaces between words` : title,
      tokenizers,
      (one) => one.texts[place]!,
    );
  });
  if (sizes.length === 1) return tables;
  return [
    {
      kind: "bars",
      title: "Compression by text",
      measure: "bytes per token",
      series: tokenizers.map(({ name }) => name),
      bars: sizes.map(({ name }, place) => ({
        label: name,
        values: tokenizers.map((one) => one.texts[place]!.bytesPerToken),
      })),
      arrangement: "grouped",
      places: 2,
    },
    ...tables,
    textTable("all texts", tokenizers, (one) => one.allTexts!),
    table("Fairness", tokenizers, [
      [
        "Gini coefficient of tokens per byte (0: all texts cost the same)",
        ({ fairness }) => figure(fairness.texts, 3),
      ],
    ]),
  ];
}

function textTable(
  title: string,
  tokenizers: readonly TokenizerQuality[],
  of: (one: TokenizerQuality) => TextQuality,
): Table {
  const row = (name: string, cell: (text: TextQuality) => Cell): Row => [name, (one) => cell(of(one))];
  return table(title, tokenizers, [
    row("tokens", ({ tokens }) => ({ value: tokens })),
    row("beside the first", ({ relativeLength }) => ({ value: 100 * relativeLength, places: 1, unit: "%" })),
    row("bytes per token", ({ bytesPerToken }) => ({ value: bytesPerToken, places: 3 })),
    row("tokens per word", ({ tokensPerWord }) => figure(tokensPerWord, 3)),
    row("tokens per character", ({ tokensPerCharacter }) => ({ value: tokensPerCharacter, places: 3 })),
    row("vocabulary used", ({ vocabularyUse }) => ({ value: 100 * vocabularyUse, places: 1, unit: "%" })),
    row("types per token", ({ typeTokenRatio }) => ({ value: typeTokenRatio, places: 4 })),
    row("Shannon entropy", ({ shannonEntropy }) => ({ value: shannonEntropy, places: 3, unit: "bits" })),
    row("Rényi efficiency (α 2.5)", ({ renyiEfficiency }) => ({ value: renyiEfficiency, places: 4 })),
    row("mean rank", ({ meanRank }) => ({ value: meanRank, places: 1 })),
    row("lines that come back as they were", ({ roundTrips: { exact, spaces, forms, lost } }) => ({
      value: percent(exact, exact + spaces + forms + lost),
      places: 1,
      unit: "%",
    })),
    row("unknown tokens and characters", ({ roundTrips }) => ({ value: roundTrips.unknown })),
  ]);
}

function parallelTexts({ tokenizers, parallel }: QualityReport): Block[] {
  if (parallel.length === 0) return [];
  return [
    table("Parity: tokens of the second language for one of the first", tokenizers, [
      ...parallel.map(
        ({ name, lines }, place): Row => [
          `${name}, ${grouped(lines)} lines`,
          (one) => ({ value: one.parallel[place]!.parity, places: 3 }),
        ],
      ),
      ["Gini coefficient of tokens per line", ({ fairness }) => figure(fairness.parallel, 3)],
    ]),
  ];
}

function words({ tokenizers, wordLists }: QualityReport): Block[] {
  if (wordLists.length === 0) return [];
  return [
    table(
      "Words that are one token",
      tokenizers,
      wordLists.flatMap(({ name, words: count }, place): Row[] => [
        [`${name}, ${grouped(count)} words`, (one) => share(one.words[place]!.retention)],
        [`${name}, after a space`, (one) => share(one.words[place]!.retentionAfterSpace)],
      ]),
    ),
    ...(wordLists.length < 2
      ? []
      : [
          table("Languages: tokens of letters that are words of a list", tokenizers, [
            ...wordLists.map(
              ({ name }, place): Row => [
                name,
                ({ languages }) => share(languages!.tokens[place]! / (languages!.known + languages!.unknown)),
              ],
            ),
            [
              "in no list",
              ({ languages }) => share(languages!.unknown / (languages!.known + languages!.unknown)),
            ],
          ]),
        ]),
  ];
}

function numbers(tokenizers: readonly TokenizerQuality[]): Block {
  return table("", tokenizers, [
    ["numbers", ({ digits }) => describeDigits(digits)],
    ["tokens of white space", ({ whiteSpace }) => ({ value: whiteSpace.tokens })],
    ["spaces of the longest of them", ({ whiteSpace }) => ({ value: whiteSpace.longestRun })],
    ["white space that is lost", ({ whiteSpace: { lost } }) => lost.join(", ") || "none"],
  ]);
}

function indentations(tokenizers: readonly TokenizerQuality[]): Block {
  const [first] = tokenizers;
  return table(
    "Tokens that an indentation adds to a line",
    tokenizers,
    first!.whiteSpace.indentations.map(
      ({ indentation }, place): Row => [
        indentation,
        ({ whiteSpace }) => {
          const { tokens } = whiteSpace.indentations[place]!;
          return tokens === null ? "lost" : { value: tokens };
        },
      ],
    ),
  );
}

function specialNames(tokenizers: readonly TokenizerQuality[]): Block {
  const [first] = tokenizers;
  return table(
    "",
    tokenizers,
    first!.specialNames.map(
      ({ name }, place): Row => [
        name,
        (one) => {
          const { id, pieces } = one.specialNames[place]!;
          return id === null ? [`${pieces.length} tokens: `, { code: pieces.join(" ") }] : `special ${id}`;
        },
      ],
    ),
  );
}

function unreachable(tokenizers: readonly TokenizerQuality[], most: number): Block[] {
  const found = tokenizers.filter((one) => unreachableOf(one) > 0);
  if (found.length === 0) return [];
  return [
    table(
      "",
      tokenizers,
      Object.entries(CAUSES)
        .filter(([cause]) => found.some(({ reachability }) => countOf(reachability, cause) > 0))
        .map(([cause, name]): Row => [name, ({ reachability }) => ({ value: countOf(reachability, cause) })]),
    ),
    {
      kind: "table",
      title: "Examples",
      columns: [{ title: "tokenizer" }, { title: "id" }, { title: "token" }, { title: "why" }],
      rows: found.flatMap(({ name, reachability }) =>
        reachability.examples
          .filter(({ cause }, i, all) => all.slice(0, i).filter((one) => one.cause === cause).length < most)
          .map(({ id, token, reason }): Cell[] => [name, { value: id }, { code: `"${token}"` }, reason]),
      ),
    },
  ];
}

type Reachability = TokenizerQuality["reachability"];

function countOf({ unreachable: counts }: Reachability, cause: string): number {
  return counts[cause as keyof Reachability["unreachable"]];
}

function unreachableOf({ reachability }: TokenizerQuality): number {
  return sum(Object.values(reachability.unreachable));
}

const CAUSES: Readonly<Record<keyof Reachability["unreachable"], string>> = {
  "same-bytes": "another token stands for the same bytes",
  normalizer: "the normalizer changes them",
  cut: "the pre-tokenizer cuts them",
  model: "the model writes them in other tokens",
  "no-tokens": "there are no tokens for a part of them",
  "no-text": "no text has their bytes",
};

type Row = readonly [name: string, cell: (tokenizer: TokenizerQuality) => Cell | null];

/** A row for each figure, a column for each tokenizer. */
function table(title: string, tokenizers: readonly TokenizerQuality[], rows: readonly Row[]): Table {
  return {
    kind: "table",
    ...(title !== "" && { title }),
    columns: [{ title: "" }, ...tokenizers.map(({ name }) => ({ title: name, align: "right" as const }))],
    rows: rows.map(([name, cell]) => [name, ...tokenizers.map((one) => cell(one) ?? undefined)]),
  };
}

function section(title: string, blocks: readonly Block[]): Section {
  return { kind: "section", title, blocks };
}

function figure(value: number | null, places: number): Cell {
  return value === null ? undefined : { value, places };
}

function share(value: number): Cell {
  return { value: 100 * value, places: 1, unit: "%" };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function grouped(value: number): string {
  return value.toLocaleString("en");
}
