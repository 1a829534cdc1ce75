/** What a file is called that programs keep secrets in, and what it would be; the first that fits counts. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  // OpenSSH's, also copies of them; what ends in .pub is public
  [/^id_(rsa|dsa|ecdsa|ed25519)(?!.*\.pub$)/, "a private key"],
  [/\.(pem|key|p12|pfx|jks|keystore|ppk|kdbx)$/, "a private key"],
  // Google's, AWS's and git's; client secrets of OAuth
  [/^(application_default_)?credential/, "credentials"],
  [/^(client[-_]?secret|service[-_]?account)[^/]*\.json$/, "credentials"],
  [/^[._]?(netrc|npmrc|pypirc|git-credentials|pgpass|htpasswd|dockercfg|s3cfg|boto)$/, "credentials"],
  [/^kubeconfig(?![a-z])/, "credentials"],
  // huggingface_hub's own files, and how users call theirs; tokens.txt and added_tokens.json are vocabularies
  [
    /^(token|(hf|huggingface|access|api|auth|github|stored)[-_.]?tokens?)(\.(txt|json|ya?ml))?$/,
    "an access token",
  ],
  [/^secrets?(\.\w+)?$/, "secrets"],
  [/\.env(\.\w+)?$|^env\.(local|production|development)$/, "environment variables with secrets"],
];

/** What the name of a file says that it holds and no one should see; undefined for all other names. */
export function secretNamed(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}
