import {
  type Block,
  type Cell,
  code,
  counted,
  figure,
  grouped,
  notes,
  percentage,
  type ReportDocument,
  section,
  type Table,
  table,
} from "@revocab/report-document";
import type { TrainingInspection } from "@revocab/token-training";
import {
  LONGEST_LISTED,
  type QualityReport,
  type TextQuality,
  TOKEN_CLASSES,
  type TokenizerQuality,
} from "@revocab/tokenizer-quality";
import { trainingSections } from "./present-inspection.ts";

/** What `quality` found, and the value of --json. */
export interface FullQuality extends QualityReport {
  /** With --model: which tokens of the model look hardly trained. */
  readonly training?: TrainingInspection & { readonly model: string };
}

/**
 * What tokenizers are and what they make of texts, in tables with a column for each tokenizer.
 * @param isWhole with everything that was found, for a page; otherwise what fits on some screens
 */
export function presentQuality(
  report: FullQuality,
  { isWhole = false }: { readonly isWhole?: boolean } = {},
): ReportDocument {
  const { tokenizers, training } = report;
  const sections = [
    section(
      "Vocabularies",
      vocabularies(report),
      ...(isWhole && tokenizers.length > 2 ? [sharedTokens(tokenizers)] : []),
      classes(tokenizers),
      scripts(tokenizers),
      ...(isWhole ? [lengths(tokenizers)] : []),
    ),
    section("Texts", ...texts(report)),
    section("Parallel texts", ...parallelTexts(report)),
    section("Words", ...words(report)),
    section(
      "Numbers, white space and code",
      numbers(tokenizers),
      ...(isWhole ? [whiteSpaceKinds(tokenizers), indentations(tokenizers)] : []),
    ),
    ...(isWhole ? [section("Names of special tokens in a text", specialNames(tokenizers))] : []),
    section("Tokens that no text is written with", ...unreachable(tokenizers, isWhole ? 10 : 2)),
    ...(training === undefined
      ? []
      : [section(`Rows of ${training.model}`, ...trainingSections(training, isWhole))]),
  ];
  return {
    title: `Tokenizer quality: ${tokenizers.map(({ name }) => name).join(", ")}`,
    blocks: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

function vocabularies({ tokenizers, coreTokens }: QualityReport): Table {
  const shared: readonly Row[] = [
    ["in all of these tokenizers", () => figure(coreTokens)],
    ["in this one alone", ({ overlap }) => figure(overlap.singletons)],
  ];
  return byTokenizer(tokenizers, [
    ["family", ({ family }) => family],
    ["ids", ({ size }) => figure(size)],
    ["different tokens of text and bytes", ({ overlap }) => figure(overlap.tokens)],
    ...(tokenizers.length > 1 ? shared : []),
    ["special tokens", ({ kinds }) => figure(kinds.special)],
    ["mean bytes of a token", ({ lengths: { meanBytes } }) => figure(meanBytes, 2)],
    ["bytes of the longest token", ({ lengths: { longest } }) => figureOf(longest?.bytes ?? null, 0)],
    ["parts of characters", ({ reachability }) => figure(reachability.undecodable)],
    ["tokens that no text is written with", (one) => figure(unreachableOf(one))],
  ]);
}

function sharedTokens(tokenizers: readonly TokenizerQuality[]): Table {
  const rows = tokenizers.map(
    ({ name }, place): Row => [name, ({ overlap }) => figure(overlap.shared[place] as number)],
  );
  return byTokenizer(tokenizers, rows, "Tokens that two of them share");
}

function classes(tokenizers: readonly TokenizerQuality[]): Block {
  const found = TOKEN_CLASSES.filter((one) => tokenizers.some(({ classes: counts }) => counts[one] > 0));
  return {
    kind: "bars",
    title: "Classes of tokens",
    measure: "% of tokens",
    series: found,
    bars: tokenizers.map(({ name, classes: counts }) => {
      const all = sum(Object.values(counts));
      return { label: name, values: found.map((one) => percent(counts[one], all)) };
    }),
    places: 1,
  };
}

/** Scripts with more than so many percent of some tokenizer's tokens of letters have a part of their own. */
const LEAST_PERCENT = 1;
/** What sums of percentages may be off by. */
const ROUNDING = 1e-6;

function scripts(tokenizers: readonly TokenizerQuality[]): Block {
  const shares = tokenizers.map(({ scripts: counts }) => {
    const all = sum(Object.values(counts));
    return new Map(Object.entries(counts).map(([name, count]) => [name, percent(count, all)]));
  });
  const named = [...new Set(shares.flatMap((one) => [...one.keys()]))].filter((name) =>
    shares.some((one) => (one.get(name) ?? 0) > LEAST_PERCENT),
  );
  const parts = shares.map((share) => {
    const own = named.map((script) => share.get(script) ?? 0);
    return { own, others: Math.max(0, sum([...share.values()]) - sum(own)) };
  });
  const hasOthers = parts.some(({ others }) => others > ROUNDING);
  return {
    kind: "bars",
    title: "Scripts",
    measure: "% of tokens of letters",
    series: [...named.map((name) => name.replaceAll("_", " ")), ...(hasOthers ? ["others"] : [])],
    bars: tokenizers.map(({ name }, place) => {
      const { own, others } = parts[place]!;
      return { label: name, values: hasOthers ? [...own, others] : own };
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
  const tables = sizes.map(({ name, bytes, lines, isWordless }, place) =>
    textTable(
      `${name}: ${counted(bytes, "byte")} in ${counted(lines, "line")}${isWordless ? ", without spaces between words" : ""}`,
      tokenizers,
      (one) => one.texts[place] as TextQuality,
    ),
  );
  const warnings = notes(unknownNotes(tokenizers, sizes), "warning");
  if (sizes.length === 1) return [...tables, warnings];
  const fairness: Row = [
    "Gini coefficient of tokens per byte, 0 where all texts cost the same",
    ({ fairness: { texts: gini } }) => figureOf(gini, 3),
  ];
  return [
    {
      kind: "bars",
      title: "Compression by text",
      measure: "bytes per token",
      series: tokenizers.map(({ name }) => name),
      bars: sizes.map(({ name }, place) => ({
        label: name,
        values: tokenizers.map((one) => (one.texts[place] as TextQuality).bytesPerToken),
      })),
      arrangement: "grouped",
      places: 2,
    },
    ...tables,
    textTable("all texts", tokenizers, (one) => one.allTexts as TextQuality),
    byTokenizer(tokenizers, [fairness], "Fairness"),
    warnings,
  ];
}

/** A text of unknown tokens looks well compressed. */
function unknownNotes(tokenizers: readonly TokenizerQuality[], sizes: QualityReport["texts"]): string[] {
  return tokenizers.flatMap((one) =>
    one.texts.flatMap(({ tokens, roundTrips: { unknown } }, place) =>
      unknown > LEAST_UNKNOWN * tokens
        ? `${one.name} has no tokens for much of ${sizes[place]?.name}: its other figures of that text say nothing`
        : [],
    ),
  );
}

/** A share of a text's tokens. */
const LEAST_UNKNOWN = 0.05;

function textTable(
  title: string,
  tokenizers: readonly TokenizerQuality[],
  of: (one: TokenizerQuality) => TextQuality,
): Table {
  const rows: readonly (readonly [string, (text: TextQuality) => Cell])[] = [
    ["tokens", ({ tokens }) => figure(tokens)],
    ["beside the first", ({ relativeLength }) => percentage(relativeLength, 1)],
    ["bytes per token", ({ bytesPerToken }) => figure(bytesPerToken, 3)],
    ["tokens per word", ({ tokensPerWord }) => figureOf(tokensPerWord, 3)],
    ["tokens per character", ({ tokensPerCharacter }) => figure(tokensPerCharacter, 3)],
    ["vocabulary used", ({ vocabularyUse }) => percentage(vocabularyUse, 1)],
    ["types per token", ({ typeTokenRatio }) => figure(typeTokenRatio, 4)],
    ["Shannon entropy", ({ shannonEntropy }) => figure(shannonEntropy, 3, "bits")],
    ["Rényi efficiency (α 2.5)", ({ renyiEfficiency }) => figure(renyiEfficiency, 4)],
    ["mean rank", ({ meanRank }) => figure(meanRank, 1)],
    [
      "lines that come back as they were",
      ({ roundTrips: { exact, spaces, forms, lost } }) => percentage(exact, exact + spaces + forms + lost),
    ],
    ["unknown tokens and characters", ({ roundTrips }) => figure(roundTrips.unknown)],
  ];
  return byTokenizer(
    tokenizers,
    rows.map(([name, cell]) => [name, (one) => cell(of(one))]),
    title,
  );
}

function parallelTexts({ tokenizers, parallel }: QualityReport): Block[] {
  if (parallel.length === 0) return [];
  const rows = parallel.map(
    ({ name, lines }, place): Row => [
      `${name}, ${counted(lines, "line")}`,
      (one) => figure(one.parallel[place]?.parity ?? Number.NaN, 3),
    ],
  );
  const fairness: Row = [
    "Gini coefficient of tokens per line",
    ({ fairness: { parallel: gini } }) => figureOf(gini, 3),
  ];
  return [
    byTokenizer(tokenizers, [...rows, fairness], "Parity: tokens of the second text for one of the first"),
  ];
}

function words({ tokenizers, wordLists }: QualityReport): Block[] {
  if (wordLists.length === 0) return [];
  const kept = wordLists.flatMap(({ name, words: count }, place): Row[] => [
    [`${name}, ${counted(count, "word")}`, (one) => percentage(one.words[place]?.retention ?? 0, 1)],
    [`${name}, after a space`, (one) => percentage(one.words[place]?.retentionAfterSpace ?? 0, 1)],
  ]);
  const languages = [...wordLists.map(({ name }) => name), "in no list"].map(
    (name, place): Row => [
      name,
      ({ languages: shares }) => {
        if (shares === undefined) return undefined;
        const all = shares.known + shares.unknown;
        return percentage(shares.tokens[place] ?? shares.unknown, all);
      },
    ],
  );
  return [
    byTokenizer(tokenizers, kept, "Words that are one token"),
    ...(wordLists.length > 1
      ? [byTokenizer(tokenizers, languages, "Languages: tokens of letters that are words of a list")]
      : []),
  ];
}

function numbers(tokenizers: readonly TokenizerQuality[]): Block {
  return byTokenizer(tokenizers, [
    ["numbers", ({ digits: { name } }) => name.replaceAll("-", " ")],
    ["1234 is written", ({ digits }) => digits.examples["1234"] ?? "not at all"],
    ["tokens of white space", ({ whiteSpace }) => figure(whiteSpace.tokens)],
    ["spaces of the longest of them", ({ whiteSpace }) => figure(whiteSpace.longestRun)],
    [
      "kinds of white space that are lost",
      ({ whiteSpace: { kept, lost } }) => `${lost.length} of ${kept.length + lost.length}`,
    ],
  ]);
}

/** For each kind, whether it comes back from encoding and decoding. */
function whiteSpaceKinds(tokenizers: readonly TokenizerQuality[]): Block {
  const kinds = new Set(tokenizers.flatMap(({ whiteSpace: { kept, lost } }) => [...kept, ...lost]));
  const rows = [...kinds].map(
    (kind): Row => [kind, ({ whiteSpace }) => (whiteSpace.kept.includes(kind) ? "kept" : "lost")],
  );
  return byTokenizer(tokenizers, rows, "White space between two letters");
}

function indentations(tokenizers: readonly TokenizerQuality[]): Block {
  const names = tokenizers[0]?.whiteSpace.indentations.map(({ indentation }) => indentation) ?? [];
  const rows = names.map(
    (name, place): Row => [
      name,
      ({ whiteSpace }) => {
        const tokens = whiteSpace.indentations[place]?.tokens ?? null;
        return tokens === null ? "lost" : figure(tokens);
      },
    ],
  );
  return byTokenizer(tokenizers, rows, "Tokens that an indentation adds to a line");
}

function specialNames(tokenizers: readonly TokenizerQuality[]): Block {
  const names = tokenizers[0]?.specialNames.map(({ name }) => name) ?? [];
  return table(
    names.map((name, place) => [
      [code(name)],
      ...tokenizers.map((one): Cell => {
        const { id, pieces } = one.specialNames[place]!;
        return id === null
          ? [`${counted(pieces.length, "token")}: `, code(pieces.join(" "))]
          : `special, id ${grouped(id)}`;
      }),
    ]),
    ["", ...tokenizers.map(({ name }) => name)],
  );
}

/** @param most examples of each cause */
function unreachable(tokenizers: readonly TokenizerQuality[], most: number): Block[] {
  const found = tokenizers.filter((one) => unreachableOf(one) > 0);
  if (found.length === 0) return [];
  const causes = Object.entries(CAUSES) as [Cause, string][];
  const counts = causes
    .filter(([cause]) => found.some(({ reachability }) => reachability.unreachable[cause] > 0))
    .map(([cause, name]): Row => [name, ({ reachability }) => figure(reachability.unreachable[cause])]);
  const examples = found.flatMap(({ name, reachability }) =>
    causes.flatMap(([cause]) =>
      reachability.examples
        .filter((example) => example.cause === cause)
        .slice(0, most)
        .map(({ id, token, reason }): Cell[] => [name, figure(id), [code(`"${token}"`)], reason]),
    ),
  );
  return [
    byTokenizer(tokenizers, counts),
    { ...table(examples, ["tokenizer", "id", "token", "why"]), title: "Examples" },
  ];
}

type Cause = keyof TokenizerQuality["reachability"]["unreachable"];

const CAUSES: Readonly<Record<Cause, string>> = {
  "same-bytes": "another token stands for the same bytes",
  normalizer: "the normalizer changes them",
  cut: "the pre-tokenizer cuts them",
  model: "the model writes them in other tokens",
  "no-tokens": "there are no tokens for a part of them",
  "no-text": "no text has their bytes",
};

function unreachableOf({ reachability }: TokenizerQuality): number {
  return sum(Object.values(reachability.unreachable));
}

function figureOf(value: number | null, places: number): Cell {
  return value === null ? undefined : figure(value, places);
}

type Row = readonly [name: string, cell: (tokenizer: TokenizerQuality) => Cell];

/** A row for each figure, a column for each tokenizer. */
function byTokenizer(tokenizers: readonly TokenizerQuality[], rows: readonly Row[], title?: string): Table {
  const columns = tokenizers.map(({ name }) => ({ title: name, align: "right" as const }));
  return {
    ...table(
      rows.map(([name, cell]) => [name, ...tokenizers.map((one) => cell(one))]),
      [{ title: "" }, ...columns],
    ),
    ...(title !== undefined && { title }),
  };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
