import { showJson } from "@revocab/core";
import { isSpecialsApart, isSpelledDigits, METHODS, type MethodEntry } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import type { SwapEvaluation } from "@revocab/measure";
import type { PlanTraining } from "@revocab/plan";
import {
  type Block,
  code,
  counted,
  figure,
  grouped,
  joined,
  list,
  notes,
  paragraph,
  phrase,
  renderMarkdown,
  section,
  type Text,
  table,
} from "@revocab/report-document";
import { describeAgreement } from "@revocab/vocab-alignment";
import { cardMetadata } from "./card-metadata.ts";
import { usageOf } from "./card-usage.ts";
import type { EditSummary, SwapReport } from "./report.ts";

type KnownMethods = Readonly<Record<string, Pick<MethodEntry, "summary" | "paper" | "copiesShared">>>;

export interface CardOptions {
  /** The methods whose summaries and papers the card cites, by name. @default those of `@revocab/embedding-init` */
  readonly methods?: KnownMethods;
  /** A command that writes the same model again; undefined where none can. @default the card shows the recipe alone */
  readonly command?: (report: SwapReport) => string | undefined;
}

/** The README.md of a written model, from its report alone: a model that was not measured is said not to be. */
export function modelCard(report: SwapReport, { methods = METHODS, command }: CardOptions = {}): string {
  const { training, gate } = report;
  const body = renderMarkdown({
    title: `${report.source.name} with ${whatIsNew(report)}`,
    lead: whatWasDone(report),
    blocks: [
      section("Use", { kind: "code", language: "python", text: usageOf(report) }),
      section("Measured", ...measured(report)),
      section("What changed", paragraph(whatChanged(report, methods))),
      section(
        "Where the rows come from",
        provenance(report),
        ...(report.keepsTokenizer ? [] : methodsInOrder(report, methods)),
      ),
      ...(training === undefined ? [] : [section("Trained", ...trained(training))]),
      section(
        "Limits",
        paragraph(
          training === undefined
            ? "The rows of new tokens are an initialization: the model needs continued training before it is good at what the new tokenizer is for."
            : "Only rows of tokens were trained. Continued training of the whole model makes it better at what its tokenizer is for.",
        ),
        notes([...gate.notes, ...report.notes]),
        ...license(report),
      ),
      section("Reproduce", ...reproduce(report, command?.(report))),
    ],
  });
  return `${cardMetadata(report)}\n\n${body}`;
}

/** The end of the card's title. */
function whatIsNew({ edit, keepsTokenizer, target }: SwapReport): string {
  if (keepsTokenizer) return "trained rows";
  return edit ? "an edited vocabulary" : `the tokenizer of ${target.name}`;
}

function whatWasDone(report: SwapReport): Text {
  const { revocab, source, target, parameters, edit, keepsTokenizer, training } = report;
  const model = phrase`${code(source.name)} (${code(source.modelType)})`;
  if (keepsTokenizer) {
    return phrase`revocab ${revocab} trained rows of ${model}, which keeps its ${target.tokens} tokens in ${target.rows} rows. All other rows and weights are those of the source model, byte for byte.`;
  }
  const done = edit
    ? phrase`edited the vocabulary of ${model}`
    : phrase`gave ${model} the tokenizer of ${code(target.name)}`;
  return joined(
    [
      phrase`revocab ${revocab} ${done}: ${target.tokens} tokens in ${target.rows} rows, where it had ${source.rows}; ${parameters.before} parameters became ${parameters.after}.`,
      "All weights without a row per token are those of the source model, byte for byte.",
      training === undefined ? "Nothing was trained." : "Rows were trained, and nothing else.",
    ],
    " ",
  );
}

/** What the model gained, and how its method was chosen. */
function whatChanged(report: SwapReport, known: KnownMethods): Text {
  const { comparison, edit, recipe, keepsTokenizer, training } = report;
  if (keepsTokenizer)
    return "Rows that were only initialized, or that belong to seldom tokens, become better by training.";
  const gained =
    edit === undefined ? whatIsShared(report) : whatWasEdited(edit, recipe, known, training !== undefined);
  const best = comparison?.methods[comparison.best];
  if (comparison === null || best === undefined) return gained;
  const { training: trial } = comparison;
  const when =
    trial === undefined
      ? "before any training"
      : `after ${counted(trial.steps, "step")} of training its rows`;
  return phrase`${gained} Of ${comparison.methods.length} methods that were tried on ${comparison.text.bytes} bytes of text, ${code(best.name)} was taken: it scored best ${when}.`;
}

function whatIsShared({ source, target, alignment, digits }: SwapReport): Text {
  const split = alignment.spelled + alignment.byteOnly;
  const shared = alignment.shared + alignment.specialByRole + alignment.specialByString;
  const share = Math.round((100 * shared) / target.tokens);
  return phrase`Text is written in the tokens of ${code(target.name)}. In common with ${code(source.name)} are ${shared} of its ${target.tokens} tokens (${share} %); ${split} others were written in several tokens, or in bytes.${sentenceOnDigits(digits)}`;
}

/** Only where numbers are split as before; else a note among the limits says so. */
function sentenceOnDigits(digits: SwapReport["digits"]): string {
  const agreement = digits && describeAgreement(digits);
  return agreement === undefined ? "" : ` ${agreement.charAt(0).toUpperCase()}${agreement.slice(1)}.`;
}

function whatWasEdited(
  { pieces, steps, addedTokens, promoted, renamed, ids, removed }: EditSummary,
  recipe: SwapReport["recipe"],
  known: KnownMethods,
  isTrained: boolean,
): Text {
  const [first] = recipe.methods.filter((method) => !isSpecialsApart(method) && !isSpelledDigits(method));
  const copiesShared = first !== undefined && entryOf(first.name, known)?.copiesShared;
  const end = isTrained ? ", until rows were trained." : ".";
  return joined(
    [
      copiesShared
        ? `The tokenizer is the model's own, and tokens that it keeps have their old rows, byte for byte${end}`
        : phrase`The tokenizer is the model's own; tokens that it keeps have their old rows, byte for byte, except where ${code(first?.name ?? "")} has initialized them anew${end}`,
      ...(ids === null
        ? []
        : [
            `Added as ids ${ids.first} to ${ids.last}: ${counted(pieces, "piece")}, ${counted(steps, "step")} that merges build them from, ${counted(addedTokens, "added token")}.`,
          ]),
      ...(promoted.length === 0
        ? []
        : [
            phrase`Control tokens now, at their old ids: ${joined(
              promoted.map(({ token }) => code(token)),
              ", ",
            )}.`,
          ]),
      ...(renamed.length === 0
        ? []
        : [
            phrase`Renamed: ${joined(
              renamed.map(({ from, to }) => phrase`${code(from)} to ${code(to)}`),
              ", ",
            )}.`,
          ]),
      ...(removed === 0 ? [] : [`Removed: ${counted(removed, "token")}.`]),
    ],
    " ",
  );
}

function provenance({ tables }: SwapReport): Block {
  return table(
    tables.flatMap(({ slot, origins }) =>
      Object.entries(origins).map(([origin, count]) => [code(slot), code(origin), figure(count)]),
    ),
    ["table", "initialized by", "rows"],
  );
}

function methodsInOrder({ recipe }: SwapReport, known: KnownMethods): readonly Block[] {
  return [
    paragraph("Tried in this order, each for the rows that those before it left empty:"),
    list(
      recipe.methods.map(({ name, options, paper }) => {
        const entry = entryOf(name, known);
        const isPlain = Object.keys(options).length === 0;
        const chosen = isPlain ? "" : phrase`, options ${code(JSON.stringify(options))}`;
        const summary = entry === undefined ? "" : `: ${entry.summary}`;
        return phrase`${code(name)}${chosen}${summary}${sourceOf(entry?.paper, paper)}`;
      }),
    ),
  ];
}

function entryOf(name: string, known: KnownMethods) {
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

/**
 * The address from the catalog, otherwise the one in the plan. A plan may come from anyone: only its addresses of papers on
 * arXiv become links.
 */
function sourceOf(known: string | undefined, given: string | undefined): Text {
  const link = (address: string) => phrase` (${{ link: address, text: address }})`;
  if (known !== undefined) return known.startsWith("https://") ? link(known) : "";
  if (given === undefined) return "";
  return /^https:\/\/arxiv\.org\/abs\/\d{4}\.\d{4,5}$/.test(given) ? link(given) : phrase` (${code(given)})`;
}

/** On what, for how long, and what it was worth. */
function trained(training: PlanTraining): readonly Block[] {
  const { text, teacher, learn, learned, context, budget, heldOut } = training;
  const { objective, bestStep, steps, tokens, rate, seed, ended } = training;
  const rows = Object.entries(learned).map(([slot, count]) => phrase`${count} of ${code(slot)}`);
  const taught = teacher === undefined ? "" : TEACHINGS[objective](code(teacher));
  const sequences = context === null ? "" : ` in sequences of at most ${counted(context, "token")}`;
  return [
    paragraph(
      phrase`By the loss of the next token${taught}, with the layers frozen, on the first ${counted(text.bytes, "byte")} (${counted(text.documents, "document")}) of ${code(text.name)}${sequences}:`,
    ),
    table([
      ["rows that learned", phrase`${joined(rows, ", ")}: ${LEARNERS[learn]}`],
      ["budget", budgetInWords(budget)],
      ["steps", `${grouped(steps)}; the rows are those after step ${grouped(bestStep)}`],
      ["tokens", grouped(tokens)],
      ["highest rate, seed", `${rate}, ${seed}`],
      ["held-out bits per byte", `${heldOut.before.toFixed(4)} before, ${heldOut.after.toFixed(4)} after`],
      ["held-out bytes", grouped(heldOut.bytes)],
    ]),
    ...(ENDS[ended] === "" ? [] : [paragraph(ENDS[ended])]),
  ];
}

/** What is learned besides the loss of the next token, from the model of a name. */
const TEACHINGS: Readonly<Record<PlanTraining["objective"], (teacher: Text) => Text>> = {
  lm: () => "",
  distill: (teacher) => phrase` and the hidden states that the layers give in the tokens of ${teacher}`,
  alm: (teacher) => phrase` and the probabilities that ${teacher} gives to pieces of the text (ALM)`,
};

function budgetInWords(budget: PlanTraining["budget"]): string {
  if (budget.kind === "time") return counted(budget.seconds, "second");
  return budget.kind === "tokens" ? counted(budget.tokens, "token") : counted(budget.steps, "step");
}

const LEARNERS: Readonly<Record<PlanTraining["learn"], string>> = {
  text: "tokens that the text has",
  new: "tokens that the text has, where their row is no copy",
  all: "all tokens",
  chosen: "tokens that were chosen",
};

const ENDS: Readonly<Record<PlanTraining["ended"], string>> = {
  budget: "",
  "no better": "It ended when the rows no longer became better on the part that was held out.",
  "not finite": "It ended when the loss was no number any more; a lower rate trains longer.",
  "told to": "It was ended early.",
};

function measured({ evaluation, training }: SwapReport): readonly Block[] {
  if (evaluation === null) {
    return [
      paragraph(
        training === undefined
          ? "Nothing was measured."
          : "Nothing was measured but the held-out part of the training text, below.",
      ),
    ];
  }
  const { text, before, after } = evaluation;
  const isPseudo = before.kind !== "bits-per-byte";
  const what = isPseudo
    ? "pseudo-likelihood of masked tokens, in bits per byte; not comparable with a decoder's"
    : "bits per byte, less is better";
  const when = training === undefined ? "before any training" : "before and after, with the trained rows";
  return [
    paragraph(verdictOn(evaluation, training !== undefined)),
    paragraph(
      phrase`On the first ${text.bytes} bytes (${counted(text.documents, "document")}) of ${code(text.name)}, ${when}; ${what}:`,
    ),
    table(
      [
        [
          isPseudo ? "pseudo bits per byte" : "bits per byte",
          figure(bitsPerByteOf(before), 4),
          figure(bitsPerByteOf(after), 4),
        ],
        ["bytes per token", figure(before.bytesPerToken, 3), figure(after.bytesPerToken, 3)],
        ["tokens", figure(before.tokens), figure(after.tokens)],
      ],
      ["", "before", "after"],
    ),
    notes([
      ...text.notes,
      ...before.notes.map((note) => `before: ${note}`),
      ...after.notes.map((note) => `after: ${note}`),
    ]),
  ];
}

/** What the figures say, in a sentence. */
function verdictOn({ before, after }: SwapEvaluation, isTrained: boolean): string {
  const what = before.kind === "bits-per-byte" ? "predicts the text" : "restores masked parts of the text";
  const bits = change(bitsPerByteOf(before), bitsPerByteOf(after));
  const tokens = change(before.tokens, after.tokens);
  const quality = bits === 0 ? "as well as" : `${percent(bits)} ${bits < 0 ? "better" : "worse"} than`;
  const length =
    tokens === 0 ? "as many tokens" : `${percent(tokens)} ${tokens < 0 ? "fewer" : "more"} tokens`;
  const when = isTrained ? "With its trained rows" : "Before any training";
  return `${when}, the model ${what} ${quality} the source does (by bits per byte), in ${length}.`;
}

/** In tenths of a percent; 0 is as before. */
function change(before: number, after: number): number {
  return Math.round(1000 * (after / before - 1)) / 10;
}

function percent(change: number): string {
  const size = Math.abs(change);
  return `${size < 10 ? size.toFixed(1) : size.toFixed(0)} %`;
}

/** The license in the source's card; nothing where it names none. */
function license({ source, card }: SwapReport): readonly Block[] {
  if (card.licenses.length === 0) return [];
  const name = card.licenseName === null ? "" : ` (${card.licenseName})`;
  const licenses = joined(card.licenses.map(code), ", ");
  return [paragraph(phrase`The license is that of ${code(source.name)}: ${licenses}${name}.`)];
}

function reproduce(report: SwapReport, command: string | undefined): readonly Block[] {
  const condition =
    report.training === undefined ? "" : " where the training ends after as many steps, with one thread";
  return [
    paragraph(
      phrase`${code("revocab.json")} in this folder holds the recipe, the seeds and the hashes of all inputs; the same recipe on the same inputs writes the same bytes${condition}:`,
    ),
    ...(command === undefined ? [] : [{ kind: "code", language: "sh", text: command } as const]),
    {
      kind: "code",
      language: "json",
      text: showJson(JSON.parse(JSON.stringify(choices(report), withoutLongLists))),
    },
  ];
}

/** All that was chosen: the recipe of the rows, and how they were trained. */
function choices({ recipe, training, keepsTokenizer }: SwapReport): object {
  if (training === undefined) return recipe;
  const { text, objective, teacher, budget, learn, context, batchTokens, rate, seed } = training;
  return {
    ...(keepsTokenizer ? {} : recipe),
    training: { text: text.name, objective, teacher, budget, learn, context, batchTokens, rate, seed },
  };
}

/** Cuts long lists in the recipe: the thousands of tokens of an edit are in `revocab.json` alone. */
function withoutLongLists(_: string, value: unknown): unknown {
  if (!Array.isArray(value) || value.length <= LISTED) return value;
  return [...value.slice(0, LISTED), `… and ${grouped(value.length - LISTED)} more`];
}

const LISTED = 20;
