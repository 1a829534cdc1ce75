import { classNamed, FAST_CLASS, type Side, type TokenizerClass } from "./class-table.ts";
import type { ReferenceReading } from "./read-as-reference.ts";

/** How the reference library (transformers 5.18, AutoTokenizer) opens a folder. */
export interface TokenizerReading {
  /** The class that it uses, by its name in a tokenizer_config.json. */
  readonly className: string;
  readonly backend: TokenizerClass["backend"];
  /**
   * Whether vocabulary, encoding and decoding here are those of that class. If not, they are those of tokenizer.json, and
   * `reason` says why: the class has code of its own, or cannot open the file.
   */
  readonly isInForce: boolean;
  readonly reason: string | undefined;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly modelInputNames: readonly string[];
  /** Undefined for no limit. */
  readonly modelMaxLength: number | undefined;
  /** Methods that the class adds to a plain tokenizer: they build prompts and language prefixes, or change the encoding. */
  readonly methods: readonly string[];
  /** Tokens that other files or the class add to those of tokenizer.json. */
  readonly addedTokens: ReferenceReading["addedTokens"];
  /** Where the reading differs from tokenizer.json, in sentences. */
  readonly differences: readonly string[];
}

/** Each setting is taken from the first of tokenizer_config.json, tokenizer.json and the class that has it. */
export function tokenizerReading(
  className: string,
  reading: ReferenceReading,
  { reason, padding, truncation }: ReadingFacts,
): TokenizerReading {
  const described = classNamed(className) ?? classNamed(FAST_CLASS)!;
  const { settings } = reading.declared;
  const own = described.rebuild?.settings ?? {};
  const side = (name: string, file: unknown, otherwise: Side): Side =>
    [settings[name], direction(file), own[name]].find(isSide) ?? otherwise;
  const names = settings.model_input_names;
  const inputNames =
    Object.entries(described.rebuild?.inputNamesIf ?? {}).find(([key]) => {
      const at = key.indexOf(",");
      return JSON.stringify(settings[key.slice(0, at)]) === key.slice(at + 1);
    })?.[1] ?? described.modelInputNames;
  const length = [settings.model_max_length, settings.max_len, own.model_max_length].find(
    (value) => typeof value === "number",
  );
  return {
    className: className === FAST_CLASS ? "PreTrainedTokenizerFast" : className,
    backend: described.backend,
    isInForce: reason === undefined,
    reason,
    paddingSide: side("padding_side", padding, described.paddingSide),
    truncationSide: side("truncation_side", truncation, described.truncationSide),
    modelInputNames:
      Array.isArray(names) && names.every((name) => typeof name === "string") ? names : inputNames,
    modelMaxLength: length !== undefined && length < NO_LIMIT ? length : undefined,
    methods: [...(described.code ?? []), ...(described.prompts ?? [])],
    addedTokens: reading.addedTokens,
    differences: reading.differences,
  };
}

interface ReadingFacts {
  readonly reason: string | undefined;
  /** `padding` and `truncation` of tokenizer.json. */
  readonly padding: unknown;
  readonly truncation: unknown;
}

/** The library writes 1e30 for no limit. */
const NO_LIMIT = 1e20;

function direction(value: unknown): unknown {
  const given =
    typeof value === "object" && value !== null && "direction" in value ? value.direction : undefined;
  return typeof given === "string" ? given.toLowerCase() : undefined;
}

function isSide(value: unknown): value is Side {
  return value === "left" || value === "right";
}
