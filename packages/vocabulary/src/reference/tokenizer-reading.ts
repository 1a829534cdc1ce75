import { classNamed, FAST_CLASS, type Side, type TokenizerClass } from "./class-table.ts";
import type { ReferenceReading } from "./read-as-reference.ts";

/** How the reference library (transformers 5.18, AutoTokenizer) opens a folder. */
export interface TokenizerReading {
  /** The class it takes, by the name that tokenizer_config.json would give it. */
  readonly className: string;
  readonly backend: TokenizerClass["backend"];
  /**
   * Whether vocabulary, encoding and decoding here are what that class does. Where they are not, they are those of
   * tokenizer.json, and `reason` says why: the class is code of its own, or cannot open the file.
   */
  readonly isInForce: boolean;
  readonly reason: string | undefined;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly modelInputNames: readonly string[];
  /** Undefined where there is no limit. */
  readonly modelMaxLength: number | undefined;
  /** What the class adds beyond a plain tokenizer: methods that build prompts and language prefixes, or wrap the encoding. */
  readonly methods: readonly string[];
  /** Tokens in force that tokenizer.json does not have: other files or the class add them. */
  readonly addedTokens: ReferenceReading["addedTokens"];
  /** Where what is in force is not what tokenizer.json says, in words for people. */
  readonly differences: readonly string[];
}

/** The settings in force: those of tokenizer_config.json, then of tokenizer.json, then of the class. */
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
