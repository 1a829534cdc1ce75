import { RevocabError } from "@revocab/core";

/** A method by name, with its options as they are written. */
export interface WrittenMethod {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A method and its options as one word, which {@link parseMethodText} reads: `subtoken-mean:weighting=uniform`. */
export function methodText({ name, options }: WrittenMethod): string {
  return [name, ...Object.entries(options).map(([key, value]) => `${kebabCase(key)}=${value}`)].join(":");
}

/**
 * Reads `name` or `name:key=value:key=value`. A colon within a value stays in it: `parallel=en.txt:de.txt`.
 * @throws RevocabError `bad_options` for an option without a value
 */
export function parseMethodText(text: string): {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
} {
  const [name = ""] = text.split(":", 1);
  const rest = text.slice(name.length + 1);
  const options: Record<string, string> = {};
  for (const pair of rest === "" ? [] : rest.split(/:(?=[A-Za-z-]+=)/)) {
    const split = pair.indexOf("=");
    if (split <= 0) {
      throw new RevocabError("bad_options", `"${text}" has the option "${pair}"; key=value was expected`, {
        hint: "for instance subtoken-mean:weighting=byte-length",
      });
    }
    options[pair.slice(0, split)] = pair.slice(split + 1);
  }
  return { name, options };
}

/** `minCount` → `min-count`: options of methods are written like all others. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Options under the names that a schema has for them: `min-count` and `minCount` are one. Unknown names stay. */
export function withSchemaNames(
  known: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const nameOf = (given: string) => known.find((name) => kebabCase(name) === kebabCase(given)) ?? given;
  return Object.fromEntries(Object.entries(options).map(([given, value]) => [nameOf(given), value]));
}
