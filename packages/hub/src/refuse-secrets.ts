import { type Job, quote, RevocabError, showText } from "@revocab/core";
import type { AccessToken } from "./hub-settings.ts";
import { secretNamed } from "./secret-names.ts";
import type { FolderFile, SeenFolder } from "./seen-folder.ts";

interface RefuseSecretsOptions {
  readonly folder: SeenFolder;
  readonly files: readonly FolderFile[];
  /** The weight files, whose tensors are not looked at. */
  readonly weights: readonly string[];
  readonly token: AccessToken;
  /** Files that are published though they look like secrets; never with the token itself. */
  readonly allowFiles: readonly string[];
  readonly job?: Job;
}

/**
 * Looks at the name and the content of everything that is to be published. Of the model's own weights
 * the header is looked at, where metadata are; of all other files every byte.
 * @throws RevocabError `bad_options`, which names the files; `missing_file`, `file_changed`, `aborted`
 */
export async function refuseSecrets(options: RefuseSecretsOptions): Promise<void> {
  const { folder, files, weights, token, allowFiles, job } = options;
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
    await folder.read(path, { end, job, onBlock: (block) => search.look(block) });
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
      hint: `take it out of the folder; what is meant for the public is named: \`allowFiles: ${showText(found[0]?.path ?? "", 200)}\``,
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
 * Every file that is allowed must be there: a name with an error in it allows nothing.
 * @throws RevocabError `bad_options`
 */
export function requireAllowed(
  folder: string,
  allowFiles: readonly string[],
  known: readonly string[],
): void {
  const unknown = allowFiles.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new RevocabError("bad_options", `${showText(folder)} has no file ${quote(unknown)} to be allowed`, {
    hint: "name files as the folder has them, with / between folders",
  });
}

/**
 * Looks at the header of a weight file that lies in no folder; its metadata are free text.
 * @throws RevocabError `bad_options`
 */
export function refuseSecretHeader(
  path: string,
  header: Uint8Array,
  { token, allowFiles }: Pick<RefuseSecretsOptions, "token" | "allowFiles">,
): void {
  const search = new SecretSearch(token);
  search.look(Buffer.from(header));
  const held = search.found;
  if (held === undefined || (held !== YOUR_TOKEN && allowFiles.includes(path))) return;
  throw new RevocabError(
    "bad_options",
    `the header of ${showText(path, 200)} holds ${held === YOUR_TOKEN ? held : `what looks like ${held}`}; nothing was published`,
    { hint: `what is meant for the public is named: \`allowFiles: ${showText(path, 200)}\`` },
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

/** Secrets that are recognized by how they begin; a lookbehind is one character at most. */
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

/** One pass tells whether there is any; few files need a second that tells which. */
const ANY = new RegExp(CONTENTS.map(([{ source }]) => source).join("|"));

/** Longer than every form above: what lies across two blocks is seen whole in the second. */
const OVERLAP = 256;

/**
 * Looks for secrets in bytes that come block by block, as UTF-8 or between the zero bytes of UTF-16. The access token of
 * the user is found whatever it looks like.
 */
class SecretSearch {
  readonly #token: string;
  readonly #overlap: number;
  #kept = "";
  #found: string | undefined;

  constructor(token: AccessToken) {
    this.#token = token.reveal();
    this.#overlap = Math.max(OVERLAP, this.#token.length);
  }

  /** What was found so far, in words: `YOUR_TOKEN`, else the first that looks like a secret. */
  get found(): string | undefined {
    return this.#found;
  }

  look(block: Buffer): void {
    if (this.#found === YOUR_TOKEN) return;
    const text = this.#kept + block.toString("latin1").replaceAll("\0", "");
    if (text.includes(this.#token)) this.#found = YOUR_TOKEN;
    else if (this.#found === undefined && ANY.test(text)) {
      this.#found = CONTENTS.find(([form]) => form.test(text))?.[1];
    }
    this.#kept = text.slice(-this.#overlap);
  }
}

/** What a short text holds that looks like a secret, as {@link SecretSearch} finds it. */
function secretInText(text: string, token: AccessToken): string | undefined {
  const search = new SecretSearch(token);
  search.look(Buffer.from(text));
  return search.found;
}

/** A text with "(hidden)" in place of all that {@link secretInText} finds in it. */
function withoutSecrets(text: string, token: AccessToken): string {
  return token.removeFrom(text).replace(new RegExp(ANY, "g"), "(hidden)");
}

const YOUR_TOKEN = "your access token";
