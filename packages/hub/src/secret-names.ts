interface NameRule {
  /** Matches the words of the name without its endings, joined by `-`: `aws-credentials`. */
  readonly words: RegExp;
  readonly what: string;
  /** The rule holds for these endings only. @default every ending */
  readonly endings?: RegExp;
  /** Whether texts, pages and programs are exempt: they may be about such things. @default false */
  readonly isNoTitle?: boolean;
}

/** Names by their words; the first that fits counts. */
const BY_WORDS: readonly NameRule[] = [
  // OpenSSH's, and copies of them
  { words: /^id-(rsa|dsa|ecdsa|ed25519)(-sk)?$/, what: "a private key" },
  { words: /^id-(rsa|dsa|ecdsa|ed25519)-/, what: "a private key", isNoTitle: true },
  { words: /.-(rsa|dsa|ecdsa|ed25519)$/, what: "a private key", endings: /^(txt)?$/ },
  { words: /(^|-)private-?keys?$/, what: "a private key" },
  // Google's, AWS's and git's; client secrets of OAuth
  { words: /^(\w+-)?credentials?$/, what: "credentials" },
  { words: /(^|-)credentials?$/, what: "credentials", isNoTitle: true },
  { words: /(^|-)(client-?secret|service-?account)(-|$)/, what: "credentials", endings: /^json$/ },
  { words: /(^|-)(client-?secret|service-?account)$/, what: "credentials", isNoTitle: true },
  // huggingface_hub's own files, and how users call theirs; tokens.txt, bos_token.json and added_tokens.json are vocabularies
  { words: /^(my-?)?token$/, what: "an access token", endings: /^(txt|json|ya?ml)?$/ },
  {
    words: /^(my-?)?(hf|huggingface|access|api|auth|git|github|gitlab|stored)-?tokens?$/,
    what: "an access token",
  },
  { words: /(^|-)(access|api)-?keys?$/, what: "an access key", isNoTitle: true },
  { words: /^(my-?)?secrets?$/, what: "secrets" },
  { words: /^kubeconfig(-|$)/, what: "credentials" },
];

/** Names as they are. */
const BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/\.(pem|key|p12|pfx|jks|keystore|ppk|kdbx)$/, "a private key"],
  [/^[._]?(netrc|npmrc|pypirc|git-credentials|pgpass|htpasswd|dockercfg|s3cfg|boto)$/, "credentials"],
  // what is an example of one is meant to be seen
  [
    /\.env(\.(?!example$|sample$|template$|dist$|md$)\w+)?$|^env\.(local|production|development)$/,
    "environment variables with secrets",
  ],
];

const TITLED = /^(md|markdown|rst|html?|pdf|docx?|tex|ipynb|py|m?[jt]s|tsx?|sh|rs|go|java|c|h|cpp)$/;

/** What a copy is called by, after the name it copies: `token.bak`, `credentials (1).json`, `client_secret.old.json`. */
const COPY_ENDING = /(\.(bak|backup|old|orig|save|copy|swp|\d+)|~)$/;
const COPY_WORDS = /(-(bak|backup|old|orig|copy|\d+))+$/;

/**
 * The kind of secret that a file's name suggests; undefined for other names. Whole words count: `aws_credentials` and
 * `awsCredentials.json` are such names, `credentials_guide.md` is the title of a text.
 */
export function secretNamed(path: string): string | undefined {
  const given = path.slice(path.lastIndexOf("/") + 1).replace(/([a-z0-9])([A-Z])/g, "$1-$2");
  const name = withoutCopies(given.toLowerCase());
  const plain = withoutCopies(path.slice(path.lastIndexOf("/") + 1).toLowerCase());
  const known = BY_NAME.find(([pattern]) => pattern.test(plain))?.[1];
  if (known !== undefined) return known;
  const [, stem = "", ending = ""] = /^(.+?)(?:\.(\w{1,8}))?$/.exec(name) ?? [];
  if (ending === "pub") return undefined;
  const words = stem
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
    .join("-")
    .replace(COPY_WORDS, "");
  return BY_WORDS.find(
    (rule) =>
      rule.words.test(words) &&
      (rule.endings ?? /^/).test(ending) &&
      !(rule.isNoTitle === true && TITLED.test(ending)),
  )?.what;
}

function withoutCopies(name: string): string {
  const original = name.replace(COPY_ENDING, "");
  return original === name || original === "" ? name : withoutCopies(original);
}
