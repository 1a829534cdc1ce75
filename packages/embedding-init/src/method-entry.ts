import { type InitMethod, quote, RevocabError } from "@revocab/core";
import { z } from "zod";
import { nearestName } from "./nearest-name.ts";

/** What the command line, recipes and documents know about a method. */
export interface MethodEntry {
  /** What a new row becomes, in one sentence. */
  readonly summary: string;
  /** Address of the paper or reference. */
  readonly paper?: string;
  /** What the method needs to know beyond the source model. */
  readonly evidence: string;
  /** Every option with its default and description; numbers may come as strings from a command line. */
  readonly options: z.ZodObject;
  /**
   * Option sets worth trying where the best is sought; none for a method that is chosen only by name.
   * @default the defaults alone
   */
  readonly variants?: readonly Readonly<Record<string, unknown>>[];
  /** @throws RevocabError bad_options, naming the option */
  create(options?: Readonly<Record<string, unknown>>): InitMethod;
}

interface MethodDefinition<Options extends z.ZodObject> {
  readonly summary: string;
  readonly paper?: string;
  readonly evidence: string;
  readonly options: Options;
  readonly variants?: readonly Readonly<Record<string, unknown>>[];
  readonly create: (options: z.output<Options>) => InitMethod;
}

/** An entry whose `create` checks its options against the schema first. */
export function methodEntry<Options extends z.ZodObject>(
  name: string,
  { create, ...entry }: MethodDefinition<Options>,
): MethodEntry {
  return { ...entry, create: (options = {}) => create(parseOptions(name, entry.options, options)) };
}

/** A number that may be written as a string, as a command line gives it; an empty string is none. */
export function numberOption<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    const isText = typeof value === "string" && value.trim() !== "";
    return isText ? Number(value) : value;
  }, schema);
}

function parseOptions<Options extends z.ZodObject>(
  name: string,
  schema: Options,
  options: Readonly<Record<string, unknown>>,
): z.output<Options> {
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, known);
    throw new RevocabError(
      "bad_options",
      `the method ${name} has no option "${unknown}"; ${known.length === 0 ? "it has none" : `it has ${known.join(", ")}`}`,
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
      `the method ${name} needs the option ${key}${description === undefined ? "" : `: ${description}`}`,
      { hint: `pass --with ${key}=…` },
    );
  }
  const found = quote(options[String(path[0])]);
  throw new RevocabError("bad_options", `option ${path.join(".")} of ${name} is ${found}: ${message}`);
}
