import { chooseClassOfFiles } from "../reference/choose-class.ts";
import { type FolderSettings, type FoundFormat, folderSettings } from "./folder-settings.ts";
import { fromClass, vocabularyFileOf } from "./from-class.ts";
import { fromTekken } from "./from-tekken.ts";
import { fromTiktoken } from "./from-tiktoken.ts";

/**
 * The tokenizer.json of a folder that has none but other files of a tokenizer; `undefined` where it has none of them.
 * @param placeOf where a file is, for messages
 * @throws RevocabError `bad_tokenizer`, `unsupported_tokenizer`
 */
export function tokenizerJsonFrom(
  files: ReadonlyMap<string, Uint8Array>,
  placeOf: (name: string) => string,
): FoundFormat | undefined {
  const settings = folderSettings(files, placeOf);
  if (isReadByClass(files, settings)) return fromClass(files, settings, placeOf);
  return (
    fromTekken(files, settings, placeOf) ??
    fromTiktoken(files, settings, placeOf) ??
    fromClass(files, settings, placeOf)
  );
}

/** Whether {@link tokenizerJsonFrom} goes before a SentencePiece model that lies in the same folder. */
export function goesBeforeSentencePiece(
  files: ReadonlyMap<string, Uint8Array>,
  placeOf: (name: string) => string,
): boolean {
  return files.has("tekken.json") || isReadByClass(files, folderSettings(files, placeOf));
}

/** The folder's class reads vocab.json or vocab.txt, and nothing else, and the file is there. */
function isReadByClass(files: ReadonlyMap<string, Uint8Array>, settings: FolderSettings): boolean {
  const className = chooseClassOfFiles(settings.modelConfig, settings.config);
  const file = className === undefined ? undefined : vocabularyFileOf(className);
  return file !== undefined && files.has(file);
}
