import { describe, expect, it } from "vitest";
import { secretNamed } from "../src/secret-names.ts";

const SECRET: Readonly<Record<string, readonly string[]>> = {
  "a private key": [
    ..."id_rsa id_ed25519 id_ecdsa.bak id_rsa_work id_ed25519_sk id_rsa.md id_rsa.txt id_rsa.old deep/er/id_dsa".split(
      " ",
    ),
    ..."keys/server.pem tls.key answer.key store.P12 x.pfx server.pem.bak".split(" "),
    ..."private_key.txt private-key.json privateKey.txt my_private_key deploy_rsa github_ed25519".split(" "),
  ],
  credentials: [
    ..."credential credentials credentials.json Credentials.csv credentials.json.bak credentials~".split(" "),
    "credentials (1).json",
    ..."aws_credentials gcp-credentials.json awsCredentials.json application_default_credentials.json".split(
      " ",
    ),
    ..."client_secret_42.json client_secret_42-ab.apps.googleusercontent.com.json clientSecret.json".split(
      " ",
    ),
    ..."service-account.json my-service-account.json serviceAccountKey.json service_account".split(" "),
    ..."_netrc netrc npmrc kubeconfig kubeconfig.yaml".split(" "),
  ],
  "an access token": [
    ..."token TOKEN token.txt token.json token.bak token.txt.old my_token my_token.txt".split(" "),
    ..."hf_token hf_token.md HF_TOKEN.txt hfToken.txt hftoken access-token.json stored_tokens".split(" "),
    ..."github_token.yml".split(" "),
  ],
  "an access key": ["api_key", "openai_api_key.txt", "apikey.txt", "aws-access-keys.csv"],
  secrets: ["secret", "secrets.yaml", "secrets.py", "my-secrets.json"],
  "environment variables with secrets": ["prod.env", "prod.env.local", "my.env", "env.local", "my.env.bak"],
};

const HARMLESS = [
  ..."credentials_guide.md credential_policy.pdf how-to-get-credentials.md credentialing.txt".split(" "),
  ..."id_rsa_notes.md id_rsa.pub deploy_rsa.pub about_rsa.md id_card.json rsa.md".split(" "),
  ..."my.env.example prod.env.sample environment.yml env.py".split(" "),
  ..."tokens.txt token_type.json added_tokens.json special_tokens_map.json bos_token.json tokens.json".split(
    " ",
  ),
  ..."token_map.json tokenizer.json tokenizer.model tokenizer_config.json token.py count-token.txt".split(
    " ",
  ),
  ..."keys.md monkey.txt keyboard.json secretary.md service_account_guide.md get_api_key.py".split(" "),
  ..."README.md LICENSE config.json model.safetensors model.safetensors.index.json vocab.txt merges.txt".split(
    " ",
  ),
  ..."chat_template.jinja kubeconfigs.md private_keyboard.txt a.b.c.json ~ .. 1.json".split(" "),
];

describe("the name of a file", () => {
  it.each(Object.entries(SECRET).flatMap(([what, names]) => names.map((name) => [name, what] as const)))(
    "is that of a secret: %s (%s)",
    (name, what) => {
      expect(secretNamed(name)).toBe(what);
    },
  );

  it.each(HARMLESS)("is not that of a secret: %s", (name) => {
    expect(secretNamed(name)).toBeUndefined();
    expect(secretNamed(`sub/${name}`)).toBeUndefined();
  });
});
