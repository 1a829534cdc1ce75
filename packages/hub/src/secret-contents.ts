import type { AccessToken } from "./access-token.ts";

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

/** Longer than every form above: what lies across two blocks is seen whole in the second. */
const OVERLAP = 256;

/**
 * Looks for secrets in bytes that come block by block, as UTF-8 or between the zero bytes of UTF-16. The access token of
 * the user is found whatever it looks like.
 */
export class SecretSearch {
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
export function secretInText(text: string, token: AccessToken): string | undefined {
  const search = new SecretSearch(token);
  search.look(Buffer.from(text));
  return search.found;
}

/** A text with "(hidden)" in place of all that {@link secretInText} finds in it. */
export function withoutSecrets(text: string, token: AccessToken): string {
  return token.removeFrom(text).replace(new RegExp(ANY, "g"), "(hidden)");
}

export const YOUR_TOKEN = "your access token";
