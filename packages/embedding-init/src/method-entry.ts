import { type InitMethod, quote, RevocabError } from "@revocab/core";
import { z } from "zod";
import { kebabCase, withSchemaNames } from "./method-text.ts";

/** What the command line, recipes and documents know about a method. */
export interface MethodEntry {
  /** The method's name on the command line and in recipes. */
  readonly name: string;
  /** What a new row becomes, in one sentence. */
  readonly summary: string;
  /** Address of the paper or reference. */
  readonly paper?: string;
  /** The inputs the method needs beyond the source's tables. */
  readonly evidence: string;
  /** The trait of the method, known before the method is created. @default false */
  readonly coversAll?: boolean;
  /** The trait of the method, known before the method is created. @default false */
  readonly isStandIn?: boolean;
  /** Whether tokens of both vocabularies keep their source rows, byte for byte. @default false */
  readonly copiesShared?: boolean;
  /** What its basis rows are, where all are the same: "mean of the used rows". @default not said */
  readonly basis?: string;
  /** Every option with its default and description; numbers may come as strings, and `minCount` as `min-count`, from a command line. */
  readonly options: z.ZodObject;
  /**
   * Option sets that a comparison of all methods tries; none for a method that is only taken by name.
   * @default the defaults alone
   */
  readonly variants?: readonly Readonly<Record<string, unknown>>[];
  /**
   * Makes the method a default: where all options in `given` are there, and no other such method has a higher rank.
   * @default taken by name only
   */
  readonly preference?: { readonly rank: number; readonly given: readonly string[] };
  /** @throws RevocabError bad_options, naming the option */
  create(options?: Readonly<Record<string, unknown>>): InitMethod;
}

/** A {@link MethodEntry} before its options are checked: `create` gets them in their types. */
export interface MethodDefinition<Options extends z.ZodObject>
  extends Omit<MethodEntry, "name" | "options" | "create"> {
  readonly options: Options;
  readonly create: (options: z.output<Options>) => InitMethod;
}

/** An entry whose `create` checks its options against the schema first. */
export function methodEntry<Options extends z.ZodObject>(
  name: string,
  { create, ...entry }: MethodDefinition<Options>,
): MethodEntry {
  return { name, ...entry, create: (options = {}) => create(parseOptions(name, entry.options, options)) };
}

/** A number that may be written as a string, as a command line gives it; an empty string is none. */
export function numberOption<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    const isText = typeof value === "string" && value.trim() !== "";
    return isText ? Number(value) : value;
  }, schema);
}

/** A path that a command line gives. */
export const filePath = z.string().min(1);

function parseOptions<Options extends z.ZodObject>(
  name: string,
  schema: Options,
  given: Readonly<Record<string, unknown>>,
): z.output<Options> {
  const known = Object.keys(schema.shape);
  const options = withSchemaNames(known, given);
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const names = known.map(kebabCase);
    const nearest = nearestName(unknown, names);
    throw new RevocabError(
      "bad_options",
      `the method ${name} has no option "${unknown}"; ${names.length === 0 ? "it has none" : `it has ${names.join(", ")}`}`,
      nearest === undefined ? {} : { hint: `did you mean ${nearest}?` },
    );
  }
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  const key = String(path[0]);
  if (options[key] === undefined) {
    const description = schema.shape[key]?.meta?.()?.description;
    throw new RevocabError(
      "bad_options",
      `the method ${name} needs the option ${kebabCase(key)}${description === undefined ? "" : `: ${description}`}`,
      { hint: `pass \`with: ${kebabCase(key)}=…\`` },
    );
  }
  const found = quote(options[String(path[0])]);
  throw new RevocabError(
    "bad_options",
    `option ${path.map(String).map(kebabCase).join(".")} of ${name} is ${found}: ${message}`,
  );
}

/** One option of a method, for a help text or a document. */
export interface OptionDescription {
  /** As it is written: `min-count`. */
  readonly name: string;
  readonly description: string;
  /** Undefined if the method decides; the description says how. */
  readonly default: string | number | undefined;
  /** The allowed words, for an option with a fixed set of them. */
  readonly values: readonly string[] | undefined;
}

/** The options of a method, from its schema. */
export function describeOptions({ options }: MethodEntry): readonly OptionDescription[] {
  const { properties = {} } = z.toJSONSchema(options) as { properties?: Record<string, PropertySchema> };
  return Object.entries(properties).map(([name, property]) => ({
    name: kebabCase(name),
    description: property.description ?? "",
    default: property.default,
    values: property.enum,
  }));
}

/** The part of JSON Schema that the options here use. */
interface PropertySchema {
  readonly description?: string;
  readonly default?: string | number;
  readonly enum?: readonly string[];
}

/** @throws RevocabError bad_options, naming the option, unless the value is finite and `isAllowed` */
export function checkOption(name: string, value: number, isAllowed: boolean, expected: string): void {
  if (Number.isFinite(value) && isAllowed) return;
  throw new RevocabError("bad_options", `${name} is ${value}, expected ${expected}`);
}

/** @throws RevocabError bad_options, naming the option, unless the word is among those allowed */
export function checkWord(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RevocabError("bad_options", `${name} is "${value}", expected ${allowed.join(" or ")}`);
}

/** The name with the smallest edit distance; undefined if that is more than half of the name's length. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const edits = editDistance(wanted.toLowerCase(), name.toLowerCase());
    if (edits < fewest && edits <= name.length / 2) {
      nearest = name;
      fewest = edits;
    }
  }
  return nearest;
}

/** Levenshtein: insertions, deletions and replacements of one character. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = previous[j - 1] + Number(from[i - 1] !== to[j - 1]);
      current[j] = Math.min(replaced, previous[j] + 1, current[j - 1] + 1);
    }
    previous = current;
  }
  return previous[to.length];
}
