import data from "./tokenizer-classes.json" with { type: "json" };

/** How a class of the reference library (transformers 5.18) reads the files of a tokenizer. */
export interface TokenizerClass {
  readonly backend: "tokenizers" | "sentencepiece" | "python";
  /** The files it reads, by the name of the parameter. */
  readonly files: Readonly<Record<string, string>>;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly modelInputNames: readonly string[];
  /** Methods that differ from those of the plain class: they may need more than a text, or change the ids. */
  readonly code?: readonly string[];
  /** Methods that build prompts and language prefixes. */
  readonly prompts?: readonly string[];
  /** The class runs the SentencePiece program and has its ids. */
  readonly plainIds?: boolean;
  /** The class keeps the components of a tokenizer.json; it has its own only for a folder without one. */
  readonly readsFileFirst?: boolean;
  readonly rebuild?: Rebuild;
}

export type Side = "left" | "right";

/** How a class builds a tokenizer of which it reads only the vocabulary, the merges and in some cases the post-processor. */
export interface Rebuild {
  readonly model: "BPE" | "Unigram" | "WordPiece";
  readonly modelOptions: ComponentTable;
  readonly normalizer: ComponentTable;
  readonly preTokenizer: ComponentTable;
  readonly decoder: ComponentTable;
  readonly postProcessor: {
    /** If tokenizer.json has one; `$file` keeps it. */
    readonly given: ComponentTable;
    /** If it has none. @default as `given` */
    readonly missing?: ComponentTable;
  };
  /** Its named tokens (`bos_token`, …), unless a file names others. */
  readonly tokens: Readonly<Record<string, string | TokenFlags | null>>;
  /** The flags that it gives to named tokens which are plain strings. */
  readonly wraps: Readonly<Record<string, Omit<TokenFlags, "content">>>;
  readonly names: readonly string[];
  /** Further special tokens, and how they are combined with those that a config lists. */
  readonly extra: readonly (string | TokenFlags)[];
  readonly extraGiven: ExtraRule;
  readonly additionalGiven: ExtraRule;
  /** The list if both `extra_special_tokens` (`⟦x⟧`) and `additional_special_tokens` (`⟦y⟧`) are given. */
  readonly bothGiven?: readonly string[];
  readonly extraNull?: string;
  readonly extraIds?: number;
  /** Other model inputs, by a setting and its value as JSON: `return_token_type_ids,true`. */
  readonly inputNamesIf?: Readonly<Record<string, readonly string[]>>;
  /** Named tokens lose the flags that a file gave them. */
  readonly resets?: boolean;
  readonly settings?: Readonly<Record<string, number | string>>;
  /** The defaults of `⟦src_lang⟧` and `⟦tgt_lang⟧`. */
  readonly languages?: Readonly<Record<string, string>>;
  /** Without a tokenizer.json, `add_bos_token` and `add_eos_token` decide what is put around a text. */
  readonly endsByConfig?: boolean;
  /** Named tokens without which it cannot be built. */
  readonly needs?: readonly string[];
  /** Parameters that are supported with their default only. */
  readonly fixed?: Readonly<Record<string, string | null>>;
}

export type ExtraRule = "instead" | "before" | "after" | "ignored" | { readonly is: readonly string[] };

/** A component, or one for each combination of the settings that change it. `⟦name⟧` stands for a token or a value. */
export type ComponentTable =
  | { readonly is: unknown }
  | {
      readonly by: readonly string[];
      readonly defaults: Readonly<Record<string, unknown>>;
      /** From the values of the settings as JSON, in order, to an index in `components`; the class refuses other values. */
      readonly cases: Readonly<Record<string, number>>;
      readonly components: readonly unknown[];
    };

export interface TokenFlags {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

interface ClassTable {
  readonly modelTypes: Readonly<Record<string, string>>;
  /** The class for a config of each model type if no file names one; null if it is that of `modelTypes`. */
  readonly configTypes: Readonly<Record<string, string | null>>;
  readonly ownClassModelTypes: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly classes: Readonly<Record<string, TokenizerClass>>;
}

/** Written by tools/oracle/tokenizer-classes.py. */
const table = data as unknown as ClassTable;

/** The plain class, which uses tokenizer.json as it is. */
export const FAST_CLASS = "TokenizersBackend";

/** The class with this name, if the library has it and its behaviour is known. */
export function classNamed(name: string): TokenizerClass | undefined {
  return own(table.classes, name);
}

/** The canonical name of a class: without `Fast`, and not an alias. Undefined if the library has no such class. */
export function knownName(name: string): string | undefined {
  for (const candidate of [name, name.replace(/Fast$/, "")]) {
    const found = own(table.aliases, candidate) ?? candidate;
    if (own(table.classes, found) !== undefined || UNREAD_CLASSES.has(found)) return found;
  }
  return undefined;
}

/** Classes whose behaviour cannot be expressed as components: one has a table in code, the other a segmenter in Python. */
const UNREAD_CLASSES: ReadonlySet<string> = new Set(["EsmcTokenizer", "RoFormerTokenizer"]);

/** The class registered for a model type. */
export function classOfModelType(modelType: string): string | undefined {
  return own(table.modelTypes, modelType);
}

/** The class for a config of the model type if no file names one. */
export function classOfConfig(modelType: string): string {
  return (
    own(table.configTypes, modelType) ??
    (Object.hasOwn(table.configTypes, modelType) ? classOfModelType(modelType) : undefined) ??
    FAST_CLASS
  );
}

/** Whether AutoTokenizer uses the class of the model type, whatever class a folder names. */
export function forcesItsClass(modelType: string): boolean {
  return ownClassModelTypes.has(modelType);
}

const ownClassModelTypes: ReadonlySet<string> = new Set(table.ownClassModelTypes);

function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
