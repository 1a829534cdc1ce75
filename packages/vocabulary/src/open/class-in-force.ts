import { chooseClass } from "../reference/choose-class.ts";
import { FAST_CLASS, knownName } from "../reference/class-table.ts";
import type { ReadingOptions } from "../tokenizer-from-files.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** The class that was chosen before, or that AutoTokenizer takes by tokenizer_config.json and the model's config.json. */
export function classInForce(
  config: JsonObject | undefined,
  model: JsonObject | undefined,
  { className }: ReadingOptions,
): string {
  return className === undefined ? chooseClass(model, config) : (knownName(className) ?? FAST_CLASS);
}
