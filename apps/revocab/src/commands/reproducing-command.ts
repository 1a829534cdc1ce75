import {
  isSpecialsApart,
  isSpelledDigits,
  kebabCase,
  METHODS,
  type MethodEntry,
} from "@revocab/embedding-init";
import type { Recipe } from "@revocab/plan";
import type { EditRecipe, SwapReport, TextRecord } from "@revocab/report";

/**
 * The command that writes the same model again, on two lines. Folders and texts are written as `./NAME`.
 * @returns undefined where the options of the library have no equivalent flags, or a name cannot be quoted safely
 */
export function reproducingCommand(report: ReproducedReport): string | undefined {
  const own = reproducingWords(report);
  if (own === undefined) return undefined;
  const words = [...own, "--out", "./out"];
  const split = words.findIndex((word) => ["--method", "--chat-template", "--learn"].includes(word));
  return `${words.slice(0, split).join(" ")} \\\n  ${words.slice(split).join(" ")}`;
}

/** What a command that reproduces a model is made from. */
export type ReproducedReport = Pick<
  SwapReport,
  "recipe" | "inputs" | "chatTemplate" | "training" | "keepsTokenizer"
>;

/** The words of that command but for `--out`, as a shell reads them: some are in single quotes. */
export function reproducingWords(report: ReproducedReport): readonly string[] | undefined {
  const words = report.keepsTokenizer ? healWords(report) : swapWords(report);
  return words.every((word) => PLAIN.test(word) || QUOTED.test(word)) ? words : undefined;
}

function swapWords({ recipe, inputs, chatTemplate, training }: ReproducedReport): readonly string[] {
  const model = nameOf(inputs.source);
  const start =
    recipe.edit === undefined
      ? ["revocab", "swap", model, "--tokenizer", nameOf(inputs.target), ...methodWords(recipe)]
      : editWords(recipe.edit, model, recipe, methodWords(recipe), training !== undefined);
  const template = chatTemplate.file === undefined ? chatTemplate.from : `./${chatTemplate.file.name}`;
  return [...start, ...swapTrainingWords(training, recipe.seed), "--chat-template", template];
}

type Training = NonNullable<SwapReport["training"]>;

/** The arguments of `revocab heal`. */
function healWords({ inputs, training }: ReproducedReport): readonly string[] {
  if (training === undefined) return [INEXPRESSIBLE];
  const { text, objective, teacher, budget, learn, rate, context, batchTokens, seed } = training;
  return [
    ["revocab", "heal", nameOf(inputs.source), "--text", `./${text.name}`],
    teacher === undefined ? [] : ["--teacher", `./${teacher}`, "--objective", objective],
    budget.kind === "time" ? ["--minutes", String(budget.seconds / 60)] : [],
    budget.kind === "tokens" ? ["--tokens", String(budget.tokens)] : [],
    budget.kind === "steps" ? ["--steps", String(budget.steps)] : [],
    ["--learn", learn === "chosen" ? INEXPRESSIBLE : learn, "--rate", String(rate)],
    context === null ? [] : ["--context", String(context)],
    batchTokens === null ? [] : ["--batch", String(batchTokens)],
    ["--seed", String(seed)],
  ].flat();
}

/** A swap trains with the seed of its methods, and with sequences and steps of the default length. */
function swapTrainingWords(training: Training | undefined, seedOfSwap: number): readonly string[] {
  if (training === undefined) return [];
  const { text, objective, budget, learn, rate, context, batchTokens, seed } = training;
  const isPlain = learn !== "chosen" && context === null && batchTokens === null && seed === seedOfSwap;
  if (budget.kind === "steps" || !isPlain) return [INEXPRESSIBLE];
  const long = budget.kind === "time" ? `${budget.seconds}s` : `${budget.tokens / 1e3}k`;
  return [
    "--heal",
    long,
    "--text",
    `./${text.name}`,
    ...(learn === "text" ? [] : ["--heal-rows", learn]),
    "--rate",
    String(rate),
    ...(objective === "lm" ? [] : ["--objective", objective]),
  ];
}

/** Marks an option without an equivalent flag: no command is shown then. */
const INEXPRESSIBLE = "";

const PLAIN = /^[\w./@=+:,-]+$/;
const QUOTED = /^'[^\p{C}'`]+'$/u;

function methodWords({
  methods: all,
  seed,
  untie,
  role,
  padToMultipleOf,
  specialTokens,
  rows,
  specials = [],
  eos,
  donor,
  edit,
}: SwapReport["recipe"]): readonly string[] {
  const methods = all.filter((method) => !isSpecialsApart(method) && !isSpelledDigits(method));
  const copying = methods.findIndex(
    ({ name, options }) => traitsOf(name).copiesShared === true && Object.keys(options).length === 0,
  );
  const [method, fallback, ...rest] = methods.filter((_, place) => place !== copying);
  if (method === undefined || fallback === undefined || copying > 1) return [INEXPRESSIBLE];
  if (rest.length > 1 || (rest.length === 1 && !isLastResort(rest[0], fallback))) return [INEXPRESSIBLE];
  return [
    ["--method", method.name, ...optionsOf("--with", method.options)],
    ["--fallback", fallback.name, ...optionsOf("--fallback-with", fallback.options)],
    copyWords(copying, edit !== undefined),
    donor === undefined ? [] : ["--donor", donor.includes("/") ? donor : `./${donor}`],
    all.some(isSpelledDigits) ? ["--digits", "spelling"] : [],
    ["--seed", String(seed)],
    untie ? ["--untie"] : [],
    role === null ? [] : ["--role", role],
    padToMultipleOf === null ? [] : ["--pad-to-multiple-of", String(padToMultipleOf)],
    edit === undefined && specialTokens === "target" ? ["--special-tokens", "target"] : [],
    rows === null ? [] : ["--rows", String(rows)],
    specials.length === 0 ? [] : ["--special", ...specials.map(quotedWord)],
    eos === undefined || edit !== undefined ? [] : ["--eos", quotedWord(eos)],
  ].flat();
}

type RecipeMethod = SwapReport["recipe"]["methods"][number];

/** Whether this is the mean that every plan adds where the fallback does not cover all tokens. */
function isLastResort({ name, options }: RecipeMethod, fallback: RecipeMethod): boolean {
  const isDefault = traitsOf(name).isStandIn === true && Object.keys(options).length === 0;
  return isDefault && traitsOf(fallback.name).coversAll !== true;
}

/** A method of a package of its own neither copies nor stands in. */
function traitsOf(name: string): Partial<MethodEntry> {
  return Object.hasOwn(METHODS, name) ? METHODS[name] : {};
}

/**
 * `--copy` and `--no-copy`. An edit copies shared rows before the method by default, and after it with `--no-copy`. A swap
 * copies before the method with `--copy`, not at all with `--no-copy`, and else where the method wants it.
 */
function copyWords(place: number, isEdit: boolean): readonly string[] {
  if (place < 0) return [isEdit ? INEXPRESSIBLE : "--no-copy"];
  if (isEdit) return place === 0 ? [] : ["--no-copy"];
  return place === 0 ? ["--copy"] : [];
}

function nameOf({ name, revision }: { name: string; revision: string | null }): string {
  return revision === null ? `./${name}` : `${name}@${revision}`;
}

function optionsOf(flag: string, options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([key, value]) =>
    value === null || value === undefined
      ? []
      : [flag, typeof value === "object" ? INEXPRESSIBLE : `${kebabCase(key)}=${String(value)}`],
  );
}

/**
 * The arguments of a command that edits a vocabulary by a recipe: `revocab prune` where nothing is added and no option of
 * the rows is set, else `revocab extend`.
 * @param how the arguments that choose how new rows are initialized
 */
function editWords(
  edit: EditRecipe,
  model: string,
  { untie, role, padToMultipleOf, rows }: Recipe,
  how: readonly string[],
  isTrained: boolean,
): readonly string[] {
  const { learn, tokens, pieces, addedTokens, renames = [], renamedRows, eos, prune } = edit;
  const adds =
    learn !== null ||
    tokens !== null ||
    eos !== undefined ||
    pieces.length + addedTokens.length + renames.length > 0;
  const isPlain = !untie && role === null && padToMultipleOf === null && rows === null;
  if (!adds && isPlain && !isTrained) return ["revocab", "prune", model, ...pruneWords(prune)];
  return [
    ["revocab", "extend", model],
    tokens === null ? [] : ["--tokens", `./${tokens.name}`, ...(tokens.asWritten ? ["--as-written"] : [])],
    // the command line takes pieces from a file alone
    pieces.length > 0 ? [INEXPRESSIBLE] : [],
    addedTokens.length === 0 ? [] : ["--special", ...addedTokens.map(specialWord)],
    renames.length === 0 ? [] : ["--rename", ...renames.map(({ from, to }) => quotedWord(`${from}=${to}`))],
    renamedRows === "make" ? ["--renamed-rows", "make"] : [],
    eos === undefined ? [] : ["--eos", quotedWord(eos)],
    learnWords(learn),
    edit.skipRefused ? ["--skip-refused"] : [],
    pruneWords(prune),
    how,
  ].flat();
}

function learnWords(learn: EditRecipe["learn"]): readonly string[] {
  if (learn === null) return [];
  const { text, count, minimumCount, spare } = learn;
  return [
    "--learn",
    textWord(text),
    "--add",
    String(count),
    ...(spare === null ? [] : ["--spare", textWord(spare)]),
    ...(minimumCount === null ? [] : [INEXPRESSIBLE]),
  ];
}

function pruneWords(prune: EditRecipe["prune"]): readonly string[] {
  if (prune === null) return [];
  const { keepFor, keep, atMost, keepIds } = prune;
  return [
    "--keep-for",
    keepFor === null || keep.length > 0 ? INEXPRESSIBLE : textWord(keepFor),
    ...(atMost === null ? [] : ["--keep", String(atMost)]),
    ...(keepIds ? ["--keep-ids"] : []),
  ];
}

function textWord({ name }: TextRecord): string {
  return name === null ? INEXPRESSIBLE : `./${name}`;
}

/** A token with settings of its own, which only a file can give, has no equivalent flag. */
function specialWord(token: EditRecipe["addedTokens"][number]): string {
  return typeof token === "string" ? quotedWord(token) : INEXPRESSIBLE;
}

/** In quotes: most control tokens contain characters that a shell interprets. */
function quotedWord(token: string): string {
  return token.startsWith("-") ? INEXPRESSIBLE : `'${token}'`;
}
