import { RevocabError } from "@revocab/core";
import type { NetworkConfig } from "./network-config.ts";

/**
 * The row of a language, by its name in the config's `langs`, or by its number where the config names none.
 * @returns undefined for a network that asks for no language
 * @throws RevocabError `bad_options` for a language that is missing, unknown, or not asked for
 */
export function languageIndex(
  { languages }: NetworkConfig,
  language: string | undefined,
): number | undefined {
  if (languages === undefined) {
    if (language === undefined) return undefined;
    throw new RevocabError(
      "bad_options",
      `the language "${language}" was given, but this hypernetwork asks for none`,
      { hint: "leave the language out" },
    );
  }
  const { count, names } = languages;
  const known = names.length > 0 ? names : Array.from({ length: count }, (_, i) => String(i));
  const index = language === undefined ? -1 : known.indexOf(language);
  if (index >= 0) return index;
  throw new RevocabError(
    "bad_options",
    language === undefined
      ? "this hypernetwork asks for a language, and none was given"
      : `this hypernetwork does not know the language "${language}"`,
    { hint: `pass language=…, one of ${abbreviated(known)}` },
  );
}

function abbreviated(names: readonly string[]): string {
  return names.length <= 100 ? names.join(", ") : `${names.slice(0, 100).join(", ")}, … (${names.length})`;
}
