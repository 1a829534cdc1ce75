import type { ReadingOptions } from "../tokenizer.ts";
import type { JsonObject } from "../tokenizer-json/json-file.ts";
import { classOfConfig, classOfModelType, FAST_CLASS, forcesItsClass, knownName } from "./class-table.ts";

/** The given class, or the one that AutoTokenizer chooses by tokenizer_config.json and the model's config.json. */
export function chosenClass(
  config: JsonObject | undefined,
  model: JsonObject | undefined,
  { className }: ReadingOptions,
): string {
  return className === undefined ? chooseClass(model, config) : (knownName(className) ?? FAST_CLASS);
}

/**
 * The class that AutoTokenizer chooses for a folder by its config.json and tokenizer_config.json: the one that a file names,
 * that of the model type if folders of this type are known to name a wrong one, or the plain class. Code that an `auto_map`
 * names is not run, as in the library without `trust_remote_code`.
 */
function chooseClass(config: JsonObject | undefined, tokenizerConfig: JsonObject | undefined): string {
  const modelType = typeof config?.model_type === "string" ? config.model_type : "";
  const named = nameIn(tokenizerConfig) ?? nameIn(config);
  const registered = modelType === "" ? undefined : classOfModelType(modelType)?.replace(/Fast$/, "");
  if (
    !namesCode(tokenizerConfig) &&
    named !== undefined &&
    registered !== undefined &&
    registered !== named.replace(/Fast$/, "")
  ) {
    if (PLAIN.has(registered)) return FAST_CLASS;
    const found = knownName(forcesItsClass(modelType) ? registered : named) ?? FAST_CLASS;
    return PLAIN.has(found) ? FAST_CLASS : found;
  }
  if (named !== undefined) {
    return plain(knownName(named.replace(/Fast$/, "")) ?? knownName(named) ?? FAST_CLASS);
  }
  return plain(knownName(classOfConfig(modelType)) ?? FAST_CLASS);
}

/**
 * The class for a folder without tokenizer.json: the one that AutoTokenizer chooses. The plain class reads neither vocab.json
 * nor vocab.txt, so instead of it the class that the files name is used. Undefined if they name none.
 */
export function chooseClassOfFiles(
  config: JsonObject | undefined,
  tokenizerConfig: JsonObject | undefined,
): string | undefined {
  const chosen = chooseClass(config, tokenizerConfig);
  if (chosen !== FAST_CLASS) return chosen;
  const named = nameIn(tokenizerConfig) ?? nameIn(config);
  const found = named === undefined ? undefined : (knownName(named) ?? named);
  return found === undefined || PLAIN.has(found) ? undefined : found;
}

const PLAIN: ReadonlySet<string> = new Set([
  FAST_CLASS,
  "PythonBackend",
  "PreTrainedTokenizerFast",
  "MistralCommonBackend",
]);

function plain(name: string): string {
  return PLAIN.has(name) ? FAST_CLASS : name;
}

function nameIn(config: JsonObject | undefined): string | undefined {
  const name = config?.tokenizer_class;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** Whether only Python code in the folder can open it: AutoTokenizer refuses it without `trust_remote_code`. */
export function isCodeAlone(
  config: JsonObject | undefined,
  tokenizerConfig: JsonObject | undefined,
): boolean {
  if (!namesCode(tokenizerConfig)) return false;
  const named = nameIn(tokenizerConfig);
  const modelType = typeof config?.model_type === "string" ? config.model_type : "";
  const hasType = classOfModelType(modelType) !== undefined;
  return (named === undefined || knownName(named) === undefined) && !hasType;
}

/** Whether a tokenizer_config.json names Python code in the folder. The old form of `auto_map` is a list. */
export function namesCode(tokenizerConfig: JsonObject | undefined): boolean {
  const map = tokenizerConfig?.auto_map;
  if (Array.isArray(map)) return true;
  return typeof map === "object" && map !== null && ((map as JsonObject).AutoTokenizer ?? null) !== null;
}
