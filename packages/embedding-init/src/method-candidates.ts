import { type InitMethod, RevocabError } from "@revocab/core";
import { methodsOf } from "./chains.ts";
import type { MethodEntry } from "./method-entry.ts";
import { parseMethodText, withSchemaNames } from "./method-text.ts";
import { METHODS, methodNamed } from "./methods.ts";

/** A method with its options, to be compared with others. */
export interface MethodCandidate {
  readonly name: string;
  /** The options that were given, as in a recipe (files by name, without their path); without defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly method: InitMethod;
  /** The options as they came, files with their path. */
  readonly given?: Readonly<Record<string, unknown>>;
}

export interface CandidateChoice {
  readonly candidates: readonly MethodCandidate[];
  /** Methods for which a required option is missing. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * The methods a comparison tries.
 *
 * By name: `name` or `name:key=value:key=value`. With "auto": every method and variant of the catalog whose required inputs are
 * given. Each method takes the options it knows from `given`.
 * @param given options for all methods, such as files: values as they come from a command line
 * @param inputs `hasDonor`: there is a donor, for methods that read one
 * @throws RevocabError `unknown_method`, `bad_options` for a method that was named
 */
export function methodCandidates(
  names: readonly string[] | "auto",
  given: Readonly<Record<string, unknown>> = {},
  catalog: Readonly<Record<string, MethodEntry>> = METHODS,
  { hasDonor = false }: { readonly hasDonor?: boolean } = {},
): CandidateChoice {
  if (names !== "auto") return { candidates: names.map((text) => named(text, given, catalog)), leftOut: [] };
  const candidates: MethodCandidate[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  for (const [name, entry] of Object.entries(catalog)) {
    const own = knownOptions(entry, given);
    for (const variant of variantsOf(entry, own)) {
      const options = { ...variant, ...own };
      try {
        const method = entry.create(options);
        if (hasDonor || !readsDonor(method)) candidates.push(candidate(name, options, method));
        else leftOut.push({ name, reason: `the method ${name} reads a donor, and none was given` });
      } catch (error) {
        if (!(error instanceof RevocabError)) throw error;
        leftOut.push({ name, reason: error.message });
      }
    }
  }
  return { candidates, leftOut };
}

/** Whether a method takes rows of another model. */
export function readsDonor(method: InitMethod): boolean {
  return methodsOf(method).some(({ needs }) => needs?.includes("donor"));
}

/** An option that the user gave is not varied. */
function variantsOf({ variants = [{}] }: MethodEntry, own: Readonly<Record<string, unknown>>) {
  const left = variants.filter((variant) => !Object.keys(variant).some((key) => key in own));
  return variants.length > 0 && left.length === 0 ? [{}] : left;
}

function named(
  text: string,
  given: Readonly<Record<string, unknown>>,
  catalog: Readonly<Record<string, MethodEntry>>,
): MethodCandidate {
  const { name, options: own } = parseMethodText(text);
  const entry = Object.hasOwn(catalog, name) ? catalog[name] : undefined;
  const known = Object.keys(entry?.options.shape ?? {});
  const options = { ...(entry && knownOptions(entry, given)), ...withSchemaNames(known, own) };
  return candidate(name, options, methodNamed(name, options, catalog));
}

function candidate(
  name: string,
  given: Readonly<Record<string, unknown>>,
  method: InitMethod,
): MethodCandidate {
  // in a chain the methods after the first are its fallback
  const [{ options: inForce }] = methodsOf(method);
  const options = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, inForce[key] ?? value]),
  );
  return { name, options, method, given };
}

function knownOptions({ options }: MethodEntry, given: Readonly<Record<string, unknown>>) {
  const all = withSchemaNames(Object.keys(options.shape), given);
  return Object.fromEntries(Object.entries(all).filter(([key]) => key in options.shape));
}
