import { type InitMethod, RevocabError } from "@revocab/core";
import type { MethodEntry } from "./method-entry.ts";
import { METHODS } from "./methods.ts";
import { nearestName } from "./nearest-name.ts";

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
  if (Object.hasOwn(catalog, name)) return catalog[name].create(options);
  const names = Object.keys(catalog);
  const nearest = nearestName(name, names);
  throw new RevocabError(
    "unknown_method",
    `there is no method "${name}"; there are ${names.join(", ")}`,
    nearest === undefined ? {} : { hint: `did you mean ${nearest}?` },
  );
}
