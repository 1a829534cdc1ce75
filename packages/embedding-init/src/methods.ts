import { type InitMethod, RevocabError } from "@revocab/core";
import { copyOverlapEntry } from "./copy-overlap.ts";
import { domainTypesEntry } from "./domain-types.ts";
import { focusEntry } from "./focus.ts";
import { meanEntry } from "./mean.ts";
import { type MethodEntry, nearestName } from "./method-entry.ts";
import { multivariateNormalEntry } from "./multivariate-normal.ts";
import { ofaEntry } from "./ofa.ts";
import { randomEntry } from "./random.ts";
import { subtokenMeanEntry } from "./subtoken-mean.ts";
import { transTokenizationEntry } from "./trans-tokenization.ts";
import { univariateNormalEntry } from "./univariate-normal.ts";
import { wechselEntry } from "./wechsel.ts";
import { zeroEntry } from "./zero.ts";

/**
 * The methods of this package by their names on the command line and in recipes. Packages of larger methods have an entry
 * each, such as `chainRuleEntry`.
 */
export const METHODS: Readonly<Record<string, MethodEntry>> = Object.fromEntries(
  [
    copyOverlapEntry,
    meanEntry,
    randomEntry,
    univariateNormalEntry,
    multivariateNormalEntry,
    zeroEntry,
    subtokenMeanEntry,
    focusEntry,
    wechselEntry,
    ofaEntry,
    transTokenizationEntry,
    domainTypesEntry,
  ].map((entry) => [entry.name, entry] as const),
);

/**
 * The method a command line or recipe names.
 * @param options values as they come, numbers also as strings
 * @param catalog the methods to choose from; other packages bring their own entries
 * @throws RevocabError unknown_method, listing what exists; bad_options
 */
export function methodNamed(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
  catalog: Readonly<Record<string, MethodEntry>> = METHODS,
): InitMethod {
  return entryNamed(name, catalog).create(options);
}

/**
 * The entry of a method.
 * @throws RevocabError `unknown_method`, listing what exists
 */
export function entryNamed(
  name: string,
  catalog: Readonly<Record<string, MethodEntry>> = METHODS,
): MethodEntry {
  if (Object.hasOwn(catalog, name)) return catalog[name];
  const names = Object.keys(catalog);
  const nearest = nearestName(name, names);
  throw new RevocabError(
    "unknown_method",
    `there is no method "${name}"; there are ${names.join(", ")}`,
    nearest === undefined ? {} : { hint: `did you mean ${nearest}?` },
  );
}

/**
 * The name of the method to take where none was named: of the entries whose preferred options are all given, the one with the
 * highest rank.
 * @param given options for the method, such as `text`
 * @throws RevocabError bad_options where no entry is a default
 */
export function defaultMethod(
  catalog: Readonly<Record<string, MethodEntry>> = METHODS,
  given: Readonly<Record<string, unknown>> = {},
): string {
  let best: { readonly name: string; readonly rank: number } | undefined;
  for (const [name, { preference }] of Object.entries(catalog)) {
    if (preference === undefined) continue;
    const isReady = preference.given.every((option) => given[option] !== undefined);
    if (isReady && preference.rank > (best?.rank ?? 0)) best = { name, rank: preference.rank };
  }
  if (best !== undefined) return best.name;
  throw new RevocabError("bad_options", `none of ${Object.keys(catalog).join(", ")} is taken by default`, {
    hint: "name the method",
  });
}
