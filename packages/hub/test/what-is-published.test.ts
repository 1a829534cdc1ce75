import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildHeader } from "@revocab/checkpoint";
import { type PublishOptions, publishFolder } from "@revocab/hub";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();
const isWindows = process.platform === "win32";

const publish = ({ options }: HubPlace, folder: string, more: Partial<PublishOptions> = {}) =>
  publishFolder({ ...options, folder, to: "me/model", ...more });

/** Puts a file into a folder and says what publishing it comes to; before any request. */
async function refusal(put: (folder: string) => void, more: Partial<PublishOptions> = {}) {
  const made = await place();
  const folder = swapped();
  put(folder);
  const failure = await publish(made, folder, more).catch((error: unknown) => error as Error);
  expect(made.hub.requests).toEqual([]);
  return failure as Error & { code: string; hint: string };
}
const write = (path: string, content: string | Uint8Array) => (folder: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
};
const published = async (put: (folder: string) => void, more: Partial<PublishOptions> = {}) => {
  const folder = swapped();
  put(folder);
  const { files } = await publish(await place(), folder, more);
  return files.map(({ path }) => path);
};

describe.skipIf(isWindows)("a link in a folder that is published", () => {
  it.each([
    [
      "a file outside",
      (f: string) => symlinkSync("/etc/passwd", join(f, "NOTES.txt")),
      "bad_file",
      /NOTES\.txt leads to .*\/etc\/passwd, which is outside/,
    ],
    [
      "a file outside by two links",
      (f: string) => {
        symlinkSync("/etc/hosts", join(f, "a.txt"));
        symlinkSync("a.txt", join(f, "b.txt"));
      },
      "bad_file",
      /a\.txt leads to/,
    ],
    [
      "a folder outside",
      (f: string) => symlinkSync("/etc", join(f, "extra")),
      "bad_file",
      /extra leads to .*\/etc, which is outside/,
    ],
    [
      "a folder inside",
      (f: string) => {
        write("one/file.txt", "x")(f);
        symlinkSync("one", join(f, "two"));
      },
      "bad_file",
      /^two in .* is a link to a folder$/,
    ],
    [
      "its own folder",
      (f: string) => symlinkSync(".", join(f, "again")),
      "bad_file",
      /^again in .* is a link to a folder$/,
    ],
    [
      "a hidden file",
      (f: string) => {
        write(".git/config", "x")(f);
        symlinkSync(".git/config", join(f, "c.txt"));
      },
      "bad_file",
      /^c\.txt in .* is a link to a hidden file$/,
    ],
    [
      "nothing",
      (f: string) => symlinkSync("gone", join(f, "NOTES.txt")),
      "bad_file",
      /NOTES\.txt: found a link to nothing \(gone\)$/,
    ],
    [
      "itself",
      (f: string) => symlinkSync("NOTES.txt", join(f, "NOTES.txt")),
      "bad_file",
      /NOTES\.txt: found links that lead in a circle$/,
    ],
    [
      "another card",
      (f: string) => {
        rmSync(join(f, "README.md"));
        symlinkSync("/etc/passwd", join(f, "README.md"));
      },
      "bad_file",
      /README\.md leads to/,
    ],
    [
      "another config",
      (f: string) => {
        rmSync(join(f, "config.json"));
        symlinkSync("/etc/passwd", join(f, "config.json"));
      },
      "bad_file",
      /config\.json leads to/,
    ],
    [
      "another report",
      (f: string) => {
        rmSync(join(f, "revocab.json"));
        symlinkSync("/etc/passwd", join(f, "revocab.json"));
      },
      "bad_file",
      /revocab\.json leads to/,
    ],
  ])("to %s is refused by name", async (_, put, code, message) => {
    expect(await refusal(put)).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/./),
    });
  });

  it("to a file of the folder is published as a file, also when the folder itself is reached by a link", async () => {
    const made = await place();
    const folder = swapped();
    symlinkSync("README.md", join(folder, "CARD.md"));
    const alias = join(dirname(folder), "alias");
    symlinkSync(folder, alias);
    expect((await publish(made, alias)).files.map(({ path }) => path)).toContain("CARD.md");
    const { commits, branches } = made.hub.repository("me/model")!;
    const card = commits.get(branches.get("main")!)!.files.get("CARD.md")!;
    expect(readFileSync(card.place)).toEqual(readFileSync(join(folder, "README.md")));
  });

  it("or a pipe is not waited for", async () => {
    const failure = await refusal((f) => execFileSync("mkfifo", [join(f, "pipe.txt")]));
    expect(failure).toMatchObject({ code: "bad_file", message: expect.stringContaining("found a pipe") });
  });
});

describe("a file that is named like a secret", () => {
  it.each([
    ...["id_rsa", "id_ed25519", "id_ecdsa.bak", "keys/server.pem", "tls.key", "store.P12", "x.pfx"],
    ...[
      "credentials",
      "credentials.json",
      "Credentials.csv",
      "credential",
      "application_default_credentials.json",
    ],
    ...["client_secret_42.json", "service-account.json", "_netrc", "netrc", "npmrc", "kubeconfig"],
    ...[
      "token",
      "TOKEN",
      "token.txt",
      "hf_token",
      "access-token.json",
      "stored_tokens",
      "secrets.yaml",
      "secret",
    ],
    ...["prod.env", "deep/er/id_dsa"],
  ])("is refused and named: %s", async (path) => {
    expect(await refusal(write(path, "harmless"))).toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(
        new RegExp(`: ${path.replaceAll(".", "\\.")} is named like .*; nothing was published$`),
      ),
      hint: expect.stringContaining(`\`allowFiles: ${path}\``),
    });
  });

  it("is published when it is allowed by name, and no other with it", async () => {
    const both = (f: string) => {
      write("id_rsa", "x")(f);
      write("token", "x")(f);
    };
    expect(await published(both, { allowFiles: ["id_rsa", "token"] })).toEqual(
      expect.arrayContaining(["id_rsa", "token"]),
    );
    expect(await refusal(both, { allowFiles: ["id_rsa"] })).toMatchObject({
      message: expect.stringContaining(": token is named"),
    });
  });

  it("is none for what belongs to a model", async () => {
    const names = [
      "id_rsa.pub",
      "tokens.txt",
      "added_tokens.json",
      "special_tokens_map.json",
      "environment.yml",
      "keys.md",
      "tokenizer_2/token_map.json",
    ];
    const put = (f: string) => {
      for (const name of names) write(name, "x")(f);
    };
    expect(await published(put)).toEqual(expect.arrayContaining(names));
  });

  it("with a dot before it is never published, allowed or not", async () => {
    const hidden = [".env", ".netrc", ".aws/credentials", ".ssh/id_rsa", "sub/.git-credentials"];
    const put = (f: string) => {
      for (const name of hidden) write(name, "x")(f);
    };
    expect((await published(put)).filter((path) => path.includes("/."))).toEqual([]);
    expect(await refusal(put, { allowFiles: [".env"] })).toMatchObject({
      code: "bad_options",
      message: expect.stringContaining('has no file ".env"'),
    });
  });
});

/** Put together here, so that this file itself holds none. */
const SECRETS: readonly (readonly [string, string])[] = [
  ["an access token of Hugging Face", `hf_${"aB3".repeat(11)}a`],
  ["an access token of Hugging Face", `api_org_${"xYz".repeat(11)}a`],
  ["a private key", `-----BEGIN ${"OPENSSH PRIVATE"} KEY-----`],
  ["a private key", `-----BEGIN ${"PRIVATE"} KEY-----`],
  ["an access key of AWS", `AKIA${"Q7ZK".repeat(4)}`],
  ["an access token of GitHub", `ghp_${"a1B2".repeat(9)}`],
  ["an access token of GitHub", `github_pat_${"a1B2_".repeat(8)}`],
];

describe("a file that holds a secret", () => {
  it.each(SECRETS)("(%s) is refused and named, and the secret is not", async (what, secret) => {
    const failure = await refusal(write("notes/setup.md", `# Setup\n\nkey = "${secret}"\n`));
    expect(failure).toMatchObject({
      code: "bad_options",
      message: expect.stringContaining(
        `: notes/setup.md holds what looks like ${what}; nothing was published`,
      ),
      hint: expect.stringContaining("`allowFiles: notes/setup.md`"),
    });
    expect(failure.message + failure.hint).not.toContain(secret);
  });

  const MEGABYTE = 1 << 20;
  it.each([MEGABYTE - 40, MEGABYTE - 37, MEGABYTE - 20, MEGABYTE - 1, MEGABYTE, 3 * MEGABYTE - 10, 25e6])(
    "is found at byte %i, across the blocks it is read in and in files of any size",
    async (start) => {
      const content = Buffer.concat([Buffer.alloc(start, "."), Buffer.from(SECRETS[0]![1])]);
      expect(await refusal(write("log.txt", content))).toMatchObject({
        message: expect.stringContaining("log.txt holds"),
      });
    },
  );

  it("is found in UTF-16, in binary files, and in the card", async () => {
    const secret = SECRETS[0]![1];
    for (const [name, content] of [
      ["utf16.txt", Buffer.from(`\ufeff${secret}`, "utf16le")],
      ["data.bin", Buffer.concat([Buffer.from([0, 255, 1, 254]), Buffer.from(secret)])],
    ] as const) {
      expect(await refusal(write(name, content))).toMatchObject({
        message: expect.stringContaining(`${name} holds`),
      });
    }
    const card = (f: string) => appendFileSync(join(f, "README.md"), secret);
    expect(await refusal(card)).toMatchObject({ message: expect.stringContaining("README.md holds") });
  });

  it("in safetensors that were added is found wherever it is, and in what only has their name", async () => {
    const secret = SECRETS[0]![1];
    const tensor = Buffer.from(secret.padEnd(64));
    const entries = [{ name: "t", dtype: "U8", shape: [64], length: 64 }] as const;
    const withMetadata = Buffer.concat([buildHeader(entries, { note: secret }), tensor]);
    expect(await refusal(write("extra.safetensors", withMetadata))).toMatchObject({
      message: expect.stringContaining("extra.safetensors holds"),
    });
    const bare = Buffer.concat([buildHeader(entries, undefined), tensor]);
    const emptyHeader = Buffer.concat([buildHeader([], undefined), Buffer.from(secret)]);
    for (const content of [bare, emptyHeader, `not safetensors: ${secret}`]) {
      expect(await refusal(write("extra.safetensors", content))).toMatchObject({
        message: expect.stringContaining("extra.safetensors holds"),
      });
    }
    const own = Buffer.concat([buildHeader(entries, undefined), Buffer.from("hf_loopbackToken".padEnd(64))]);
    expect(await refusal(write("2_Dense/model.safetensors", own))).toMatchObject({
      message: expect.stringMatching(/^2_Dense\/model\.safetensors in .* holds your access token/),
    });
    const harmless = Buffer.concat([buildHeader(entries, undefined), Buffer.alloc(64, 7)]);
    expect(await published(write("extra.safetensors", harmless))).toContain("extra.safetensors");
  });

  it("in the tensors of the model's own weights is not looked for", async () => {
    const put = (f: string) => {
      const path = join(f, "model.safetensors");
      const bytes = readFileSync(path);
      bytes.write(SECRETS[0]![1], bytes.length - 64, "latin1");
      writeFileSync(path, bytes);
    };
    expect(await published(put)).toContain("model.safetensors");
  });

  it("is published when it is allowed by name; your own token never is", async () => {
    const put = write("docs.md", SECRETS[0]![1]);
    expect(await published(put, { allowFiles: ["docs.md"] })).toContain("docs.md");
    const own = await refusal(write("docs.md", "hf_loopbackToken"), { allowFiles: ["docs.md"] });
    expect(own).toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/^docs\.md in .* holds your access token/),
    });
  });

  it("is none for what stands for a token or only begins like one", async () => {
    const text = [
      "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "hf_hub_download",
      "AKIA",
      `x${"AKIA"}${"QQ".repeat(30)}`,
      "-----BEGIN PUBLIC KEY-----",
    ].join("\n");
    expect(await published(write("guide.md", text))).toContain("guide.md");
  });
});

describe("a text that is published beside the files", () => {
  const OWN = "hf_loopbackToken";
  const secret = SECRETS[0]![1];

  it.each([
    ["the title", (text: string) => ({ title: `hello ${text}` })],
    ["the branch", (text: string) => ({ branch: `a-${text}` })],
    ["the repository", (text: string) => ({ to: `me/a-${text}` })],
  ])("is refused, and not shown, when it holds a token: %s", async (what, more) => {
    for (const [text, held] of [
      [OWN, "your access token"],
      [secret, "what looks like an access token of Hugging Face"],
    ] as const) {
      const failure = await refusal(() => {}, more(text));
      expect(failure).toMatchObject({
        code: "bad_options",
        message: expect.stringContaining(`${what} holds ${held}`),
      });
      expect(failure.message + failure.hint).not.toContain(text);
    }
  });

  it("is also the title that is made of the report's names", async () => {
    const put = (f: string) => {
      const path = join(f, "revocab.json");
      const report = JSON.parse(readFileSync(path, "utf8"));
      // the search of the report itself is passed with `allowFiles`
      writeFileSync(path, JSON.stringify({ ...report, source: { ...report.source, name: secret } }));
    };
    const failure = await refusal(put, { allowFiles: ["revocab.json"] });
    expect(failure).toMatchObject({ message: expect.stringContaining("the title holds what looks like") });
  });

  it.each([`${OWN}.md`, `x/${OWN}/notes.md`])(
    "is refused, and not shown, when it is the name of a file with your token, allowed or not: %s",
    async (path) => {
      for (const allowFiles of [[], [path]]) {
        const failure = await refusal(write(path, "x"), { allowFiles });
        expect(failure.message).toContain("holds your access token");
        expect(failure.message + failure.hint).not.toContain(OWN);
      }
    },
  );

  it("may be a file's name like a token when it is allowed", async () => {
    const path = `${secret}.md`;
    const failure = await refusal(write(path, "x"));
    expect(failure.message).toContain("holds what looks like an access token");
    expect(failure.message + failure.hint).not.toContain(secret);
    expect(await published(write(path, "x"), { allowFiles: [path] })).toContain(path);
  });
});

describe("what was changed since the gate", () => {
  it("is published when it is allowed by name; the card may be edited and files may be added", async () => {
    const change = (f: string) => {
      writeFileSync(join(f, "generation_config.json"), '{"temperature": 0.5}');
      appendFileSync(join(f, "README.md"), "\nTrained further.\n");
      write("results/scores.json", "{}")(f);
    };
    expect(await refusal(change)).toMatchObject({
      code: "gate_failed",
      message: expect.stringMatching(/^generation_config\.json in .* passed the gate$/),
      hint: expect.stringMatching(
        /write it again, or name what you have changed on purpose: `allowFiles: generation_config\.json`$/,
      ),
    });
    expect(await published(change, { allowFiles: ["generation_config.json"] })).toContain(
      "results/scores.json",
    );
  });

  it.each(["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"])(
    "is refused by name: %s",
    async (name) => {
      expect(await refusal((f) => appendFileSync(join(f, name), "\n"))).toMatchObject({
        code: "gate_failed",
        message: expect.stringMatching(new RegExp(`^${name.replaceAll(".", "\\.")} in `)),
      });
    },
  );

  /** Renames a tensor by one letter in the header. */
  const rename = (f: string) => {
    const path = join(f, "model.safetensors");
    const bytes = readFileSync(path);
    bytes.write("x", bytes.indexOf(".weight") - 1, "latin1");
    writeFileSync(path, bytes);
  };

  it("in a header is refused by name, though the file has its size and is whole", async () => {
    expect(await refusal(rename, { allowFiles: ["model.safetensors"] })).toMatchObject({
      code: "gate_failed",
      message: expect.stringMatching(
        /^model\.safetensors in .* has a header with the sha256 .* passed the gate$/,
      ),
    });
  });

  it("cannot be told for a report of an earlier version, which is refused", async () => {
    const forget = (f: string) => {
      const path = join(f, "revocab.json");
      const report = JSON.parse(readFileSync(path, "utf8"));
      for (const file of report.files) delete file.headerSha256;
      writeFileSync(path, JSON.stringify(report));
    };
    expect(await refusal(forget)).toMatchObject({
      code: "gate_failed",
      message: expect.stringContaining("does not say what the header of model.safetensors was"),
      hint: expect.stringContaining("write it again"),
    });
  });

  it("of the weights is refused whatever is allowed", async () => {
    const cut = (f: string) => writeFileSync(join(f, "model.safetensors"), "x");
    expect(await refusal(cut, { allowFiles: ["model.safetensors"] })).toMatchObject({ code: "gate_failed" });
  });
});
