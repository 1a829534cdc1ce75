import data from "./tokenizer-classes.json" with { type: "json" };

/** What the reference library (transformers 5.18) does with the files of a tokenizer, by class; made by an oracle script. */
export interface TokenizerClass {
  readonly backend: "tokenizers" | "sentencepiece" | "python";
  /** The files it reads, by the name of the parameter. */
  readonly files: Readonly<Record<string, string>>;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly modelInputNames: readonly string[];
  /** Methods that are not those of the plain class: they may want more than a text, or change ids on their way out. */
  readonly code?: readonly string[];
  /** Methods that build prompts and language prefixes. */
  readonly prompts?: readonly string[];
  /** Of a class that runs the SentencePiece program: its ids are the program's. */
  readonly plainIds?: boolean;
  /** Components of tokenizer.json are kept, though the class has its own for a folder without one. */
  readonly readsFileFirst?: boolean;
  readonly rebuild?: Rebuild;
}

export type Side = "left" | "right";

/** A class that keeps nothing of a tokenizer.json but vocabulary, merges and, some, the post-processor. */
export interface Rebuild {
  readonly model: "BPE" | "Unigram" | "WordPiece";
  readonly modelOptions: ComponentTable;
  readonly normalizer: ComponentTable;
  readonly preTokenizer: ComponentTable;
  readonly decoder: ComponentTable;
  readonly postProcessor: {
    /** Where tokenizer.json has one: `$file` keeps it. */
    readonly given: ComponentTable;
    /** Where it has none, if that is different. */
    readonly missing?: ComponentTable;
  };
  /** Its named tokens (`bos_token`, …) where no file names them. */
  readonly tokens: Readonly<Record<string, string | TokenFlags | null>>;
  /** The flags it gives to named tokens that are plain strings. */
  readonly wraps: Readonly<Record<string, Omit<TokenFlags, "content">>>;
  readonly names: readonly string[];
  /** Further special tokens, and what becomes of them where a config lists some. */
  readonly extra: readonly (string | TokenFlags)[];
  readonly extraGiven: ExtraRule;
  readonly additionalGiven: ExtraRule;
  /** Where `extra_special_tokens` and `additional_special_tokens` are given at once: `⟦x⟧` and `⟦y⟧`. */
  readonly bothGiven?: readonly string[];
  readonly extraNull?: string;
  readonly extraIds?: number;
  /** Other inputs than those of the class, by a switch and its value as JSON: `return_token_type_ids,true`. */
  readonly inputNamesIf?: Readonly<Record<string, readonly string[]>>;
  /** Named tokens lose the flags that a file gave them. */
  readonly resets?: boolean;
  readonly settings?: Readonly<Record<string, number | string>>;
  /** What `⟦src_lang⟧` and `⟦tgt_lang⟧` are where a config names none. */
  readonly languages?: Readonly<Record<string, string>>;
  /** `add_bos_token` and `add_eos_token` decide what is around a text, where there is no tokenizer.json. */
  readonly endsByConfig?: boolean;
  /** Named tokens without which it cannot be built. */
  readonly needs?: readonly string[];
  /** Parameters of which only the default is understood. */
  readonly fixed?: Readonly<Record<string, string | null>>;
}

export type ExtraRule = "instead" | "before" | "after" | "ignored" | { readonly is: readonly string[] };

/** A component, or one for each combination of the switches that change it. `⟦name⟧` stands for a token or a value. */
export type ComponentTable =
  | { readonly is: unknown }
  | {
      readonly by: readonly string[];
      readonly defaults: Readonly<Record<string, unknown>>;
      /** Values of the switches as JSON, in order, to a place in `components`; what is missing the class refuses. */
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
  /** The class of each model type with a config where no file names one; null where it is that of `modelTypes`. */
  readonly configTypes: Readonly<Record<string, string | null>>;
  readonly ownClassModelTypes: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly classes: Readonly<Record<string, TokenizerClass>>;
}

const table = data as unknown as ClassTable;

/** The class that takes tokenizer.json as it is. */
export const FAST_CLASS = "TokenizersBackend";

/** The class under a name, where the library has it and its behaviour is known. */
export function classNamed(name: string): TokenizerClass | undefined {
  return own(table.classes, name);
}

/** The name under which a class is known: without `Fast`, and not an alias. Undefined where the library has none. */
export function knownName(name: string): string | undefined {
  for (const candidate of [name, name.replace(/Fast$/, "")]) {
    const found = own(table.aliases, candidate) ?? candidate;
    if (own(table.classes, found) !== undefined || UNREAD_CLASSES.has(found)) return found;
  }
  return undefined;
}

/** Classes whose behaviour cannot be written as components: a table in code, and a segmenter in Python. */
const UNREAD_CLASSES: ReadonlySet<string> = new Set(["EsmcTokenizer", "RoFormerTokenizer"]);

/** The class registered for a model type. */
export function classOfModelType(modelType: string): string | undefined {
  return own(table.modelTypes, modelType);
}

/** The class that a config of the model type leads to where no file names one. */
export function classOfConfig(modelType: string): string {
  return (
    own(table.configTypes, modelType) ??
    (Object.hasOwn(table.configTypes, modelType) ? classOfModelType(modelType) : undefined) ??
    FAST_CLASS
  );
}

/** Whether AutoTokenizer takes the class of the model type, whatever a folder names. */
export function forcesItsClass(modelType: string): boolean {
  return ownClassModelTypes.has(modelType);
}

const ownClassModelTypes: ReadonlySet<string> = new Set(table.ownClassModelTypes);

function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
