import type { FolderSettings } from "./folder-settings.ts";
import { REGISTERED_CLASSES, REGISTERED_WINS, withoutFast } from "./tokenizer-classes.ts";

/**
 * The tokenizer class that AutoTokenizer takes for a folder without tokenizer.json: the one that the files name, unless
 * the library knows better for this model type; else the one registered for the type. Where it would take a generic
 * class, which cannot read these files, this takes the class that the files name.
 */
export function classOfFolder({
  config,
  modelConfig,
}: Pick<FolderSettings, "config" | "modelConfig">): string | undefined {
  const named = [config.tokenizer_class, modelConfig.tokenizer_class].find(
    (name) => typeof name === "string",
  );
  const type = modelConfig.model_type;
  const registered = typeof type === "string" ? REGISTERED_CLASSES.get(type) : undefined;
  if (named === undefined) return registered;
  if (registered === undefined || withoutFast(registered) === withoutFast(named)) return withoutFast(named);
  if (GENERIC_CLASSES.has(withoutFast(registered))) return withoutFast(named);
  return REGISTERED_WINS.has(type as string) ? withoutFast(registered) : named;
}

/** They read a tokenizer.json, or a tiktoken file, but no vocab.json or vocab.txt. */
export const GENERIC_CLASSES: ReadonlySet<string> = new Set([
  "TokenizersBackend",
  "PythonBackend",
  "PreTrainedTokenizerFast",
  "MistralCommonBackend",
]);
