import data from "./tokenizer-classes.json" with { type: "json" };

/** What the reference library builds around a vocabulary for a tokenizer class. */
export interface TokenizerClass {
  readonly names: readonly string[];
  /** `vocab.json` comes with merges.txt. */
  readonly file: "vocab.json" | "vocab.txt";
  /** The special tokens that it knows where no file names others, by key of tokenizer_config.json. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Special tokens that also take the space before them. */
  readonly lstrip: readonly string[];
  /** Overwrites what files say of its special tokens but their text. */
  readonly resetsFlags: boolean;
  /** Settings that it obeys in ways that are not known here, with the one value they may have. */
  readonly fixed: Readonly<Record<string, unknown>>;
  /** The settings that change anything. `absent`: the value of one that is not given, or null for a third behaviour. */
  readonly settings: Readonly<
    Record<string, { readonly absent: boolean | null; readonly mayBeNull: boolean }>
  >;
  /** Values of the settings in order, as JSON joined by commas → five components by number, in the order of {@link BUILT}. */
  readonly built: Readonly<Record<string, readonly number[]>>;
}

export const BUILT = ["normalizer", "pre_tokenizer", "post_processor", "decoder", "model"] as const;

/** The components that {@link TokenizerClass.built} numbers; `{bos_token}` is a token and `#{bos_token}` its id. */
export const CLASS_COMPONENTS: readonly unknown[] = data.components;

/** Made by tools/oracle/tokenizer-formats.py: every class of the reference library that reads these files. */
const CLASSES: ReadonlyMap<string, TokenizerClass> = new Map(
  Object.entries(data.classes as unknown as Record<string, TokenizerClass>),
);
const CLASS_OF_NAME = new Map(
  [...CLASSES].flatMap(([name, { names }]) => [name, ...names].map((each) => [each, name] as const)),
);

/** A class by one of its names; names that end in `Fast` are older ones of the same. */
export function tokenizerClass(name: string): TokenizerClass | undefined {
  const found = CLASS_OF_NAME.get(name) ?? CLASS_OF_NAME.get(withoutFast(name));
  return found === undefined ? undefined : CLASSES.get(found);
}

/** Why a class that reads vocab.json or vocab.txt is not among the known ones. */
export const LEFT_OUT: ReadonlyMap<string, string> = new Map(Object.entries(data.leftOut));

/** Classes that run the SentencePiece program and give its ids. */
export const PROGRAM_CLASSES: ReadonlySet<string> = new Set([
  "BertGenerationTokenizer",
  "CpmTokenizer",
  "GPTSw3Tokenizer",
  "SiglipTokenizer",
  "SpeechT5Tokenizer",
]);

/** The class that the reference library registers for a model type. */
export const REGISTERED_CLASSES: ReadonlyMap<string, string> = new Map(Object.entries(data.modelTypes));

/** Model types whose registered class is taken even where the files name another. */
export const REGISTERED_WINS: ReadonlySet<string> = new Set(data.registeredWins);

export function withoutFast(name: string): string {
  return name.endsWith("Fast") && name !== "PreTrainedTokenizerFast" ? name.slice(0, -4) : name;
}
