import { RevocabError } from "@revocab/core";
import { classDocument, SAVE_AGAIN } from "./class-document.ts";
import { classOfFolder } from "./class-of-folder.ts";
import { type FolderSettings, isObject } from "./folder-settings.ts";
import type { FoundFormat } from "./found-format.ts";
import { readMergesTxt, readVocabJson, readVocabTxt } from "./read-vocabulary.ts";
import { ROLE_KEYS, type SpecialTokens, specialTokens } from "./special-tokens.ts";
import { LEFT_OUT, type TokenizerClass, tokenizerClass } from "./tokenizer-classes.ts";

/** The files of one vocabulary, and the class to take where nothing names one. */
interface VocabularyFiles {
  readonly vocab: string;
  readonly merges?: string;
  readonly classByName?: string;
}

const VOCABULARY_FILES: readonly VocabularyFiles[] = [
  { vocab: "vocab.json", merges: "merges.txt" },
  // What OpenAI published GPT-2 as; no other tokenizer has files of these names.
  { vocab: "encoder.json", merges: "vocab.bpe", classByName: "GPT2Tokenizer" },
  { vocab: "vocab.txt" },
];

/**
 * A vocabulary of vocab.json and merges.txt, or of vocab.txt. These files say nothing of how a text is cut before the
 * model sees it: that is in the code of the tokenizer's class, and here in a table of what each class builds.
 * @throws RevocabError `unsupported_tokenizer`: no class is named, or one that is not known
 */
export function fromClass(
  files: ReadonlyMap<string, Uint8Array>,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): FoundFormat | undefined {
  const found = VOCABULARY_FILES.find(
    ({ vocab, merges }) => files.has(vocab) && (merges === undefined || files.has(merges)),
  );
  if (found === undefined) return refuseHalf(files, placeOf);
  const { className, known } = classToTake(found, settings, placeOf);
  const reads = [found.vocab, ...(found.merges === undefined ? [] : [found.merges])];
  const vocab =
    found.merges === undefined
      ? readVocabTxt(files.get(found.vocab)!, placeOf(found.vocab))
      : readVocabJson(files.get(found.vocab)!, placeOf(found.vocab));
  const merges =
    found.merges === undefined
      ? {}
      : { merges: readMergesTxt(files.get(found.merges)!, vocab, placeOf(found.merges)) };

  const place = placeOf("tokenizer_config.json");
  const tokens = specialTokens(settings, known, vocab, place);
  const idOfAdded = new Map(tokens.added.map(({ id, content }) => [content, id]));
  const idOf = (token: string) => idOfAdded.get(token) ?? vocab.get(token);
  const parts = classDocument(known, settings.config, { ...tokens, idOf }, { className, place });
  const document = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: tokens.added,
    normalizer: parts.normalizer,
    pre_tokenizer: parts.pre_tokenizer,
    post_processor: parts.post_processor,
    decoder: parts.decoder,
    model: { ...(parts.model as object), vocab: Object.fromEntries(vocab), ...merges },
  };
  return {
    tokenizerJson: JSON.stringify(document),
    tokenizerConfig: { tokenizer_class: className, ...settings.config, ...newRoles(settings, tokens) },
    differences: [`read from ${reads.join(" and ")} as ${className} does`, ...tokens.notes],
    reads: [...reads, "added_tokens.json"],
  };
}

function refuseHalf(files: ReadonlyMap<string, Uint8Array>, placeOf: (name: string) => string): undefined {
  for (const { vocab, merges } of VOCABULARY_FILES) {
    if (merges === undefined || files.has(vocab) === files.has(merges)) continue;
    const [there, missing] = files.has(vocab) ? [vocab, merges] : [merges, vocab];
    throw new RevocabError(
      "missing_file",
      `${placeOf(there)}: found ${there} without ${missing}, expected both`,
      {
        hint: `put ${missing} beside it, or give a folder with tokenizer.json`,
      },
    );
  }
  return undefined;
}

/** Roles by a class's defaults or by special_tokens_map.json: a loader of the written folder need not know either. */
function newRoles({ config }: FolderSettings, { tokenOf }: SpecialTokens): Record<string, string> {
  const contentOf = (value: unknown) => (isObject(value) ? value.content : value);
  return Object.fromEntries(
    [...tokenOf].filter(([key, token]) => ROLE_KEYS.includes(key) && contentOf(config[key]) !== token),
  );
}

function classToTake(
  { vocab, merges, classByName }: VocabularyFiles,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): { readonly className: string; readonly known: TokenizerClass } {
  const className = classOfFolder(settings) ?? classByName;
  const known = className === undefined ? undefined : tokenizerClass(className);
  const file = merges === undefined ? "vocab.txt" : "vocab.json";
  if (className !== undefined && known?.file === file) return { className, known };
  const why = className === undefined ? undefined : LEFT_OUT.get(className);
  throw new RevocabError(
    "unsupported_tokenizer",
    `${placeOf(vocab)}: found ${className === undefined ? "no class of tokenizer" : `the class ${className}${why === undefined ? "" : `, which ${why}`}`}, expected one that is known to read ${file}: the file does not say how a text is cut into words`,
    {
      hint:
        className === undefined
          ? `name the class in tokenizer_config.json beside it, such as {"tokenizer_class": "${file === "vocab.txt" ? "BertTokenizer" : "GPT2Tokenizer"}"}, or give a folder with tokenizer.json`
          : SAVE_AGAIN,
    },
  );
}
