import { quote, RevocabError, showText } from "@revocab/core";
import type { AccessToken } from "./access-token.ts";
import type { FolderFile } from "./folder-files.ts";
import { SecretSearch, secretInText, withoutSecrets, YOUR_TOKEN } from "./secret-contents.ts";
import { secretNamed } from "./secret-names.ts";
import type { SeenFolder } from "./seen-folder.ts";

export interface RefuseSecretsOptions {
  readonly folder: SeenFolder;
  readonly files: readonly FolderFile[];
  /** The weight files, whose tensors are not looked at. */
  readonly weights: readonly string[];
  readonly token: AccessToken;
  /** Files that are published though they look like secrets; never with the token itself. */
  readonly allowFiles: readonly string[];
  readonly abortSignal?: AbortSignal | undefined;
}

/**
 * Looks at the name and the content of everything that is to be published. Of the model's own weights
 * the header is looked at, where metadata are; of all other files every byte.
 * @throws RevocabError `bad_options`, which names the files; `missing_file`, `file_changed`, `aborted`
 */
export async function refuseSecrets(options: RefuseSecretsOptions): Promise<void> {
  const { folder, files, weights, token, allowFiles, abortSignal } = options;
  const found: { path: string; why: string }[] = [];
  for (const { path } of files) {
    const isAllowed = allowFiles.includes(path);
    const inPath = secretInText(path, token);
    if (inPath === YOUR_TOKEN || (inPath !== undefined && !isAllowed)) {
      throw refusedText(`the name of a file in ${showText(folder.path)}`, path, inPath, token);
    }
    const named = isAllowed ? undefined : secretNamed(path);
    if (named !== undefined) {
      found.push({ path, why: `is named like ${named}` });
      continue;
    }
    const end = weights.includes(path) ? await folder.headerOf(path) : undefined;
    const search = new SecretSearch(token);
    await folder.read(path, { end, abortSignal, onBlock: (block) => search.look(block) });
    const held = search.found;
    if (held === YOUR_TOKEN) throw holdsToken(folder, path);
    if (held !== undefined && !isAllowed) found.push({ path, why: `holds what looks like ${held}` });
  }
  if (found.length === 0) return;
  const listed = found.slice(0, 5).map(({ path, why }) => `${showText(path, 200)} ${why}`);
  const more = found.length > 5 ? `, and ${found.length - 5} more do` : "";
  throw new RevocabError(
    "bad_options",
    `${showText(folder.path)}: ${listed.join(", ")}${more}; nothing was published`,
    {
      hint: `take it out of the folder; what is meant for the public is named: --allow-file ${showText(found[0]?.path ?? "", 200)}`,
    },
  );
}

function holdsToken(folder: SeenFolder, path: string): RevocabError {
  return new RevocabError(
    "bad_options",
    `${showText(path, 200)} in ${showText(folder.path)} holds your access token: it is not published`,
    { hint: "take it out of the file, and make a new token: this one has been written down" },
  );
}

/**
 * Looks at the texts that go to the Hub beside files.
 * @param texts by what they are
 * @throws RevocabError `bad_options`
 */
export function refuseSecretTexts(texts: Readonly<Record<string, string>>, token: AccessToken): void {
  for (const [what, text] of Object.entries(texts)) {
    const held = secretInText(text, token);
    if (held !== undefined) throw refusedText(what, text, held, token);
  }
}

function refusedText(what: string, text: string, held: string, token: AccessToken): RevocabError {
  const holds = held === YOUR_TOKEN ? held : `what looks like ${held}`;
  return new RevocabError(
    "bad_options",
    `${what} holds ${holds}: ${quote(withoutSecrets(text, token))}; nothing was published`,
    { hint: "use another text, and make a new token or key: this one has been written down" },
  );
}
