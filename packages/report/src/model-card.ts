import { showJson } from "@revocab/core";
import { isSpecialsApart, isSpelledDigits, METHODS, type MethodEntry } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import type { PlanTraining } from "@revocab/plan";
import { describeAgreement } from "@revocab/vocab-alignment";
import { Document, Scalar } from "yaml";
import { code, plain, table } from "./markdown.ts";
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
  return [
    cardMetadata(report),
    `# ${plain(report.source.name)} with ${whatIsNew(report)}`,
    whatWasDone(report),
    "## Why",
    why(report, methods),
    "## Where the rows come from",
    provenance(report),
    report.keepsTokenizer ? "" : methodsInOrder(report, methods),
    ...(report.training === undefined ? [] : ["## Trained", trained(report.training)]),
    "## Measured",
    measured(report),
    "## Limits",
    report.training === undefined
      ? "The rows of new tokens are an initialization: the model needs continued training before it is good at what the new tokenizer is for."
      : "Only rows of tokens were trained. Continued training of the whole model makes it better at what its tokenizer is for.",
    ...[...report.gate.notes, ...report.notes].map((note) => `- ${plain(note)}`),
    license(report),
    "## Reproduce",
    "`revocab.json` in this folder holds the recipe, the seeds and the hashes of all inputs; " +
      (report.training === undefined
        ? "the same recipe on the same inputs writes the same bytes:"
        : "the same recipe on the same inputs writes the same bytes where the training ends after as many steps, with one thread:"),
    fenced(command?.(report)),
    `\`\`\`json\n${showJson(JSON.parse(JSON.stringify(choices(report), withoutLongLists)))}\n\`\`\``,
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
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

/** The end of the card's title. */
function whatIsNew({ edit, keepsTokenizer, target }: SwapReport): string {
  if (keepsTokenizer) return "trained rows";
  return edit ? "an edited vocabulary" : `the tokenizer of ${plain(target.name)}`;
}

function whatWasDone({ revocab, source, target, parameters, edit, keepsTokenizer, training }: SwapReport) {
  const model = `${code(source.name)} (${code(source.modelType)})`;
  if (keepsTokenizer) {
    return (
      `revocab ${revocab} trained rows of ${model}, which keeps its ${grouped(target.tokens)} tokens in ${grouped(target.rows)} rows. ` +
      "All other rows and weights are those of the source model, byte for byte."
    );
  }
  return (
    `revocab ${revocab} ${edit ? `edited the vocabulary of ${model}` : `gave ${model} the tokenizer of ${code(target.name)}`}: ` +
    `${grouped(target.tokens)} tokens in ${grouped(target.rows)} rows, where it had ${grouped(source.rows)}; ` +
    `${grouped(parameters.before)} parameters became ${grouped(parameters.after)}. ` +
    "All weights without a row per token are those of the source model, byte for byte. " +
    (training === undefined ? "Nothing was trained." : "Rows were trained, and nothing else.")
  );
}

function grouped(number: number): string {
  return number.toLocaleString("en");
}

/** What the model gained, and how its method was chosen. */
function why(
  { source, target, alignment, digits, comparison, edit, recipe, keepsTokenizer, training }: SwapReport,
  known: KnownMethods,
): string {
  if (keepsTokenizer)
    return "Rows that were only initialized, or that belong to seldom tokens, become better by training.";
  const split = alignment.spelled + alignment.byteOnly;
  const gained =
    edit !== undefined
      ? whatWasEdited(edit, recipe, known, training !== undefined)
      : `Text is written in the tokens of ${code(target.name)}: of its ${grouped(target.tokens)} tokens, ${code(source.name)} has ` +
        `${grouped(alignment.shared + alignment.specialByRole + alignment.specialByString)}, and writes ${grouped(split)} others in several tokens or in bytes.${sentenceOnDigits(digits)}`;
  const best = comparison?.methods[comparison.best];
  if (comparison === null || best === undefined) return gained;
  const { training: trial } = comparison;
  const when =
    trial === undefined
      ? "before any training"
      : `after ${counted(trial.steps, "step")} of training its rows`;
  return (
    `${gained} Of ${comparison.methods.length} methods that were tried on ${grouped(comparison.text.bytes)} bytes of text, ` +
    `${code(best.name)} was taken: it scored best ${when}.`
  );
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
): string {
  const [first] = recipe.methods.filter((method) => !isSpecialsApart(method) && !isSpelledDigits(method));
  const copiesShared = first !== undefined && entryOf(first.name, known)?.copiesShared;
  return [
    (copiesShared
      ? "The tokenizer is the model's own, and tokens that it keeps have their old rows, byte for byte"
      : `The tokenizer is the model's own; tokens that it keeps have their old rows, byte for byte, except where ${code(first?.name ?? "")} has initialized them anew`) +
      (isTrained ? ", until rows were trained." : "."),
    ...(ids === null
      ? []
      : [
          `Added as ids ${ids.first} to ${ids.last}: ${counted(pieces, "piece")}, ${counted(steps, "step")} that merges build them from, ${counted(addedTokens, "added token")}.`,
        ]),
    ...(promoted.length === 0
      ? []
      : [`Control tokens now, at their old ids: ${promoted.map(({ token }) => code(token)).join(", ")}.`]),
    ...(renamed.length === 0
      ? []
      : [`Renamed: ${renamed.map(({ from, to }) => `${code(from)} to ${code(to)}`).join(", ")}.`]),
    ...(removed === 0 ? [] : [`Removed: ${counted(removed, "token")}.`]),
  ].join(" ");
}

/** The license in the source's card; nothing where it names none. */
function license({ source, card }: SwapReport): string {
  if (card.licenses.length === 0) return "";
  const name = card.licenseName === null ? "" : ` (${plain(card.licenseName)})`;
  return `The license is that of ${code(source.name)}: ${card.licenses.map(code).join(", ")}${name}.`;
}

function fenced(command: string | undefined): string {
  return command === undefined ? "" : `\`\`\`sh\n${command}\n\`\`\``;
}

/** Cuts long lists in the recipe: the thousands of tokens of an edit are in `revocab.json` alone. */
function withoutLongLists(_: string, value: unknown): unknown {
  if (!Array.isArray(value) || value.length <= LISTED) return value;
  return [...value.slice(0, LISTED), `… and ${grouped(value.length - LISTED)} more`];
}

const LISTED = 20;

function provenance({ tables }: SwapReport): string {
  const rows = tables.flatMap(({ slot, origins }) =>
    Object.entries(origins).map(([origin, count]) => [code(slot), code(origin), grouped(count)]),
  );
  return table(["table", "initialized by", "rows"], rows);
}

function methodsInOrder({ recipe }: SwapReport, known: KnownMethods): string {
  const methods = recipe.methods
    .map(({ name, options, paper }) => {
      const entry = entryOf(name, known);
      const chosen = Object.keys(options).length === 0 ? "" : `, options ${code(JSON.stringify(options))}`;
      const source = sourceOf(entry?.paper, paper);
      return `- ${code(name)}${chosen}${entry === undefined ? "" : `: ${entry.summary}`}${source}`;
    })
    .join("\n");
  return `Tried in this order, each for the rows that those before it left empty:\n\n${methods}`;
}

function entryOf(name: string, known: KnownMethods) {
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

/**
 * The address from the catalog, otherwise the one in the plan. A plan may come from anyone: only its addresses of papers on
 * arXiv become links.
 */
function sourceOf(known: string | undefined, given: string | undefined): string {
  if (known !== undefined) return known.startsWith("https://") ? ` (${known})` : "";
  if (given === undefined) return "";
  return ` (${/^https:\/\/arxiv\.org\/abs\/\d{4}\.\d{4,5}$/.test(given) ? given : code(given)})`;
}

/** On what, for how long, and what it was worth. */
function trained({
  text,
  teacher,
  learn,
  learned,
  context,
  budget,
  heldOut,
  ...training
}: PlanTraining): string {
  const { objective, bestStep, steps, tokens, rate, seed, ended } = training;
  const rows = Object.entries(learned).map(([slot, count]) => `${grouped(count)} of ${code(slot)}`);
  const taught = teacher === undefined ? "" : TEACHINGS[objective](code(teacher));
  const sequences = context === null ? "" : ` in sequences of at most ${counted(context, "token")}`;
  return [
    `By the loss of the next token${taught}, with the layers frozen, on the first ${counted(text.bytes, "byte")} (${counted(text.documents, "document")}) of ${code(text.name)}${sequences}:`,
    table(
      ["", ""],
      [
        ["rows that learned", `${rows.join(", ")}: ${LEARNERS[learn]}`],
        ["budget", budgetInWords(budget)],
        ["steps", `${grouped(steps)}; the rows are those after step ${grouped(bestStep)}`],
        ["tokens", grouped(tokens)],
        ["highest rate, seed", `${rate}, ${seed}`],
        ["held-out bits per byte", `${heldOut.before.toFixed(4)} before, ${heldOut.after.toFixed(4)} after`],
        ["held-out bytes", grouped(heldOut.bytes)],
      ],
    ),
    ENDS[ended],
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** What is learned besides the loss of the next token, from the model of a name. */
const TEACHINGS: Readonly<Record<PlanTraining["objective"], (teacher: string) => string>> = {
  lm: () => "",
  distill: (teacher) => ` and the hidden states that the layers give in the tokens of ${teacher}`,
  alm: (teacher) => ` and the probabilities that ${teacher} gives to pieces of the text (ALM)`,
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

function counted(number: number, one: string): string {
  return `${grouped(number)} ${one}${number === 1 ? "" : "s"}`;
}

function measured({ evaluation, training }: SwapReport): string {
  if (evaluation === null) return "Nothing was measured.";
  const { text, before, after } = evaluation;
  const { kind } = before;
  const what =
    kind === "bits-per-byte"
      ? "bits per byte, less is better"
      : "pseudo-likelihood of masked tokens, in bits per byte; not comparable with a decoder's";
  return [
    `On the first ${grouped(text.bytes)} bytes (${counted(text.documents, "document")}) of ${code(text.name)}, ${training === undefined ? "before any training" : "before and after, with the trained rows"}; ${what}:`,
    table(
      ["", "before", "after"],
      [
        [
          kind === "bits-per-byte" ? "bits per byte" : "pseudo bits per byte",
          bitsPerByteOf(before).toFixed(4),
          bitsPerByteOf(after).toFixed(4),
        ],
        ["bytes per token", before.bytesPerToken.toFixed(3), after.bytesPerToken.toFixed(3)],
        ["tokens", grouped(before.tokens), grouped(after.tokens)],
      ],
    ),
    ...[
      ...text.notes,
      ...before.notes.map((note) => `before: ${note}`),
      ...after.notes.map((note) => `after: ${note}`),
    ].map((note) => `- ${plain(note)}`),
  ].join("\n\n");
}

/**
 * The metadata of a card as the Hub reads it, between lines of `---`. Only a snapshot of the Hub is named as the base: a local
 * folder is no repository. The relation is `finetune`, the nearest that the Hub knows: the same model with other weights.
 * @see https://huggingface.co/docs/hub/model-cards#specifying-a-base-model
 */
function cardMetadata({ inputs, source, card }: SwapReport): string {
  const { name, revision } = inputs.source;
  const hasBase = revision !== null && HUB_NAME.test(name);
  const [license, ...moreLicenses] = card.licenses.map(quoted);
  const document = new Document({
    language: card.languages.length > 0 ? card.languages.map(quoted) : undefined,
    // the Hub takes a single license as a text, not as a list of one
    license: moreLicenses.length > 0 ? [license, ...moreLicenses] : license,
    license_name: card.licenseName === null ? undefined : quoted(card.licenseName),
    license_link: card.licenseLink === null ? undefined : quoted(card.licenseLink),
    library_name: source.modelType === "model2vec" ? "model2vec" : "transformers",
    tags: ["revocab", "tokenizer-transfer"],
    base_model: hasBase ? [quoted(name)] : undefined,
    base_model_relation: hasBase ? "finetune" : undefined,
  });
  return `---\n${document.toString({ indentSeq: false, lineWidth: 0 })}---`;
}

/** `ORG/NAME`, or the name alone of the oldest repositories. */
const HUB_NAME = /^[\w.-]+(\/[\w.-]+)?$/;

/** A text in quotes: YAML 1.1, which Python reads, takes the language code `no` for false. */
function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
