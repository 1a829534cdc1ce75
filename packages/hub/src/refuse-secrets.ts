import { RevocabError, showText } from "@revocab/core";
import { openFile } from "@revocab/files";
import type { AccessToken } from "./access-token.ts";
import { type FolderFile, placeOf } from "./folder-files.ts";
import { secretIn, YOUR_TOKEN } from "./secret-contents.ts";
import { secretNamed } from "./secret-names.ts";

export interface RefuseSecretsOptions {
  readonly folder: string;
  readonly files: readonly FolderFile[];
  readonly token: AccessToken;
  /** Files that are published though they look like secrets; never with the token itself. */
  readonly allowFiles: readonly string[];
  readonly abortSignal?: AbortSignal | undefined;
}

/**
 * Looks at the name and the content of everything that is to be published. Of safetensors the header is looked at, where
 * metadata are; of all other files every byte.
 * @throws RevocabError `bad_options`, which names the files; `missing_file`, `aborted`
 */
export async function refuseSecrets(options: RefuseSecretsOptions): Promise<void> {
  const { folder, files, token, allowFiles, abortSignal } = options;
  const found: { path: string; why: string }[] = [];
  for (const { path } of files) {
    const isAllowed = allowFiles.includes(path);
    const named = isAllowed ? undefined : secretNamed(path);
    if (named !== undefined) {
      found.push({ path, why: `is named like ${named}` });
      continue;
    }
    const place = await placeOf(folder, path);
    const end = path.endsWith(".safetensors") ? await headerEnd(place) : undefined;
    const held = await secretIn(place, { token: token.reveal(), abortSignal, ...(end && { end }) });
    if (held === YOUR_TOKEN) throw holdsToken(folder, path);
    if (held !== undefined && !isAllowed) found.push({ path, why: `holds what looks like ${held}` });
  }
  if (found.length === 0) return;
  const listed = found.slice(0, 5).map(({ path, why }) => `${showText(path, 200)} ${why}`);
  const more = found.length > 5 ? `, and ${found.length - 5} more do` : "";
  throw new RevocabError(
    "bad_options",
    `${showText(folder)}: ${listed.join(", ")}${more}; nothing was published`,
    {
      hint: `take it out of the folder; what is meant for the public is named: --allow-file ${showText(found[0]?.path ?? "", 200)}`,
    },
  );
}

function holdsToken(folder: string, path: string): RevocabError {
  return new RevocabError(
    "bad_options",
    `${showText(path, 200)} in ${showText(folder)} holds your access token: it is not published`,
    { hint: "take it out of the file, and make a new token: this one has been written down" },
  );
}

/** Where the header of a safetensors file ends; undefined when this is none, and then all of it is looked at. */
async function headerEnd(place: string): Promise<number | undefined> {
  const handle = await openFile(place);
  try {
    const length = Buffer.alloc(8);
    const { bytesRead } = await handle.read(length, 0, 8, 0);
    const end = 8 + Number(length.readBigUInt64LE());
    return bytesRead === 8 && end <= (await handle.stat()).size ? end : undefined;
  } finally {
    await handle.close();
  }
}
