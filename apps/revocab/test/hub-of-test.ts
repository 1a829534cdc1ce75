import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { type FileContent, type LoopbackHub, startLoopbackHub } from "@revocab/loopback-hub";
import type { SwapReport } from "@revocab/report";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Finished } from "./revocab.ts";

/** The access token that the Hub of a test takes. */
export const TOKEN = "hf_aSecretThatMustNotBeSeen0123456789";

export interface HubOfTest {
  /** Holds the sample as `org/small-model` and `org/new-tokenizer`. */
  readonly hub: LoopbackHub;
  /** For output; empty at first. */
  readonly folder: string;
  /** Lets the command find the Hub; its cache is in the folder. */
  readonly env: { readonly HF_HOME: string } & Readonly<Record<string, string>>;
  /** The newest commit of a repository. */
  commitOf(name: string): string;
}

/** A Hub on this machine for each test of a file. */
export function hubForEachTest(): HubOfTest {
  const scratch = scratchFolders();
  const commitOf = (name: string) => at.hub.repository(name)!.branches.get("main")!;
  const at = { commitOf } as { -readonly [Key in keyof HubOfTest]: HubOfTest[Key] };
  beforeEach(async () => {
    at.hub = await startLoopbackHub({ token: TOKEN });
    at.folder = scratch();
    at.env = {
      HF_ENDPOINT: at.hub.url,
      HF_TOKEN: TOKEN,
      HF_HOME: join(at.folder, "huggingface"),
      HF_HUB_OFFLINE: "",
      HF_HUB_CACHE: "",
    };
    at.hub.add("org/small-model", {
      ...filesOf(SAMPLE_MODEL),
      "README.md": "---\nlicense: mit\n---\n",
      "pytorch_model.bin": "x",
    });
    at.hub.add("org/new-tokenizer", filesOf(SAMPLE_TOKENIZER));
  });
  afterEach(() => at.hub.close());
  return at;
}

/** The sample with the sample's tokenizer, swapped once for all tests of a file. */
export function swappedSample(): string {
  const place = mkdtempSync(join(tmpdir(), "revocab-swapped-"));
  const out = join(place, "out");
  beforeAll(async () => {
    const [model, tokenizer] = [SAMPLE_MODEL, SAMPLE_TOKENIZER];
    await swapTokenizer({ model, tokenizer, method: subtokenMean(), out });
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  return out;
}

export function filesOf(from: string): Record<string, FileContent> {
  return Object.fromEntries(readdirSync(from).map((name) => [name, readFileSync(join(from, name))]));
}

export function reportIn(out: string): SwapReport {
  return JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as SwapReport;
}

/** @returns its stdout */
export function expectDone({ code, stderr, stdout }: Finished): string {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("revocab:") });
  return stdout;
}
