import { throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";

/** Forms of secrets that are told from all other text by how they begin; a lookbehind is one character at most. */
const CONTENTS: readonly (readonly [RegExp, string])[] = [
  // not hf_xxxxxxxx…, which stands for one
  [/hf_(?![xX]{20})[A-Za-z0-9]{30}/, "an access token of Hugging Face"],
  [/api_org_[A-Za-z]{34}/, "an access token of Hugging Face"],
  [/-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/, "a private key"],
  [/(?<![A-Za-z0-9+/=])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9+/=])/, "an access key of AWS"],
  [/gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22}/, "an access token of GitHub"],
  [/glpat-[A-Za-z0-9_-]{20}/, "an access token of GitLab"],
  [/(?<![A-Za-z0-9])sk-(?:ant-|proj-)[A-Za-z0-9_-]{40}/, "a key of a model's API"],
  [/(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/, "a key of Google's API"],
  [/xox[abprs]-[0-9]{8,14}-[A-Za-z0-9-]{10}/, "an access token of Slack"],
];

/** One pass says whether there is any; few files need the second that says which. */
const ANY = new RegExp(CONTENTS.map(([{ source }]) => source).join("|"));

const BLOCK_BYTES = 1 << 20;
/** Longer than every form above: what lies across two blocks is seen whole in the second. */
const OVERLAP = 256;

export interface SecretSearch {
  /** A token that must not be in the file whatever it looks like. */
  readonly token: string;
  /** Bytes at the file's beginning that are looked at. @default all */
  readonly end?: number;
  readonly abortSignal?: AbortSignal | undefined;
}

/**
 * What a file holds that looks like a secret, in words; "your access token" when it is that. Also found between the zero
 * bytes of UTF-16.
 * @throws RevocabError `missing_file`, `aborted`
 */
export async function secretIn(
  path: string,
  { token, end = Number.POSITIVE_INFINITY, abortSignal }: SecretSearch,
): Promise<string | undefined> {
  const handle = await openFile(path);
  const overlap = Math.max(OVERLAP, token.length);
  const block = Buffer.alloc(BLOCK_BYTES);
  let kept = "";
  let found: string | undefined;
  try {
    for (let position = 0; position < end; ) {
      throwIfAborted(abortSignal);
      const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK_BYTES, end - position), position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const bytes = block.subarray(0, bytesRead);
      const text = kept + bytes.toString("latin1").replaceAll("\0", "");
      if (text.includes(token)) return YOUR_TOKEN;
      if (found === undefined && ANY.test(text)) found = CONTENTS.find(([form]) => form.test(text))?.[1];
      kept = text.slice(-overlap);
    }
    return found;
  } finally {
    await handle.close();
  }
}

export const YOUR_TOKEN = "your access token";
