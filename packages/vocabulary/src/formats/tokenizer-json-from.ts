import { folderSettings } from "./folder-settings.ts";
import type { FoundFormat } from "./found-format.ts";
import { fromClass } from "./from-class.ts";
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
  return (
    fromTekken(files, settings, placeOf) ??
    fromTiktoken(files, settings, placeOf) ??
    fromClass(files, settings, placeOf)
  );
}
