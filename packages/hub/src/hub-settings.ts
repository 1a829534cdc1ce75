import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import { HiddenToken } from "@revocab/http/internal";

/** Where the Hub is, who asks, and where its files are kept. */
export interface HubSettings {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token?: AccessToken;
  /** The folder with `models--ORG--NAME`. */
  readonly cacheDirectory: string;
  /** Use what is in the cache and nothing else. */
  readonly offline: boolean;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";

/**
 * The settings of the Python client, from the same environment variables and the same token file: `HF_ENDPOINT`,
 * `HF_TOKEN` (or the older `HUGGING_FACE_HUB_TOKEN`), else the file `HF_TOKEN_PATH`; `HF_HUB_CACHE` (or the older
 * `HUGGINGFACE_HUB_CACHE`), `HF_HOME`, `XDG_CACHE_HOME`; `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`).
 * @see https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 * @throws RevocabError `bad_options`
 */
export function hubSettings(environment: NodeJS.ProcessEnv = process.env): HubSettings {
  const { HF_ENDPOINT, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE } = environment;
  const userCache = environment.XDG_CACHE_HOME || join(homedir(), ".cache");
  const home = expanded(environment.HF_HOME, environment) ?? join(userCache, "huggingface");
  const cacheDirectory =
    expanded(environment.HF_HUB_CACHE, environment) ??
    expanded(environment.HUGGINGFACE_HUB_CACHE, environment) ??
    join(home, "hub");
  const token = findToken(
    environment,
    expanded(environment.HF_TOKEN_PATH, environment) ?? join(home, "token"),
  );
  return {
    endpoint: checkEndpoint(HF_ENDPOINT || DEFAULT_ENDPOINT),
    ...(token !== undefined && { token }),
    cacheDirectory,
    offline: isTrue(HF_HUB_OFFLINE || TRANSFORMERS_OFFLINE),
  };
}

function findToken(environment: NodeJS.ProcessEnv, file: string): AccessToken | undefined {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const value = environment[name]?.trim();
    if (value) return new AccessToken(value, name);
  }
  const value = readIfThere(file)?.trim();
  return value ? new AccessToken(value, file) : undefined;
}

/** A token is a line: what is longer, or no file, holds none. */
function readIfThere(file: string): string | undefined {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size <= 65_536 ? readFileSync(file, "utf8") : undefined;
  } catch {
    return undefined; // no one is logged in on this machine
  }
}

function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url === undefined || !isPlain || !/^https?:$/.test(url.protocol)) {
    throw new RevocabError("bad_options", "HF_ENDPOINT is no address such as https://huggingface.co", {
      hint: "give https:// and a host, without a user, a password or a query",
    });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** The Python client expands `~` and `$NAME` in these paths. */
function expanded(path: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  if (!path) return undefined;
  return path
    .replace(/^~(?=$|\/)/, homedir())
    .replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, bare, braced) => environment[bare ?? braced] ?? whole);
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}

/** A token of the Hub. It cannot be printed by accident: as text, as JSON and in the console it is "(hidden)". */
export class AccessToken extends HiddenToken {
  /** @throws RevocabError `bad_options` when this is no token of the Hub */
  constructor(value: string, origin: string) {
    if (!/^hf_[\x21-\x7e]+$/.test(value)) {
      throw new RevocabError(
        "bad_options",
        `${origin} holds no access token: one that begins with hf_ was expected`,
        {
          hint: "make one at https://huggingface.co/settings/tokens, or remove this one",
        },
      );
    }
    super(value);
  }
}
