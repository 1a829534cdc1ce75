import { chooseClassOfFiles } from "../reference/choose-class.ts";
import { type FolderSettings, type FoundFormat, folderSettings } from "./folder-settings.ts";
import { fromClass, vocabularyFileOf } from "./from-class.ts";
import { fromTekken } from "./from-tekken.ts";
import { fromTiktoken } from "./from-tiktoken.ts";

/**
 * Makes a tokenizer.json from the other tokenizer files of a folder; `undefined` if there are none.
 * @param placeOf the path of a file, for messages
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

/** Whether {@link tokenizerJsonFrom} has precedence over a SentencePiece model in the same folder. */
export function goesBeforeSentencePiece(
  files: ReadonlyMap<string, Uint8Array>,
  placeOf: (name: string) => string,
): boolean {
  return files.has("tekken.json") || isReadByClass(files, folderSettings(files, placeOf));
}

/** Whether the folder's class reads vocab.json or vocab.txt, and the file is there. */
function isReadByClass(files: ReadonlyMap<string, Uint8Array>, settings: FolderSettings): boolean {
  const className = chooseClassOfFiles(settings.modelConfig, settings.config);
  const file = className === undefined ? undefined : vocabularyFileOf(className);
  return file !== undefined && files.has(file);
}
