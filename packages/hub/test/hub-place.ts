import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgressEvent } from "@revocab/core";
import { AccessToken, type HubOptions } from "@revocab/hub";
import {
  type FileContent,
  type LoopbackHub,
  type LoopbackHubOptions,
  startLoopbackHub,
} from "@revocab/loopback-hub";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { afterEach } from "vitest";

/** A Hub with an empty cache, for one test. */
export interface HubPlace {
  readonly hub: LoopbackHub;
  readonly cache: string;
  /** Options that reach this Hub, with its token and hardly any patience. */
  readonly options: HubOptions & { readonly settings: NonNullable<HubOptions["settings"]> };
  /** What was reported. */
  readonly events: ProgressEvent[];
}

/** Makes places, and takes them away after each test. */
export function hubPlaces(): (options?: LoopbackHubOptions) => Promise<HubPlace> {
  const made: { hub: LoopbackHub; cache: string }[] = [];
  afterEach(async () => {
    for (const { hub, cache } of made.splice(0)) {
      await hub.close();
      rmSync(cache, { recursive: true, force: true });
    }
  });
  return async (serverOptions) => {
    const hub = await startLoopbackHub(serverOptions);
    const cache = mkdtempSync(join(tmpdir(), "revocab-cache-"));
    made.push({ hub, cache });
    const events: ProgressEvent[] = [];
    const token = new AccessToken(hub.token, "the test");
    return {
      hub,
      cache,
      events,
      options: {
        settings: { endpoint: hub.url, token, cacheDirectory: cache, offline: false },
        firstDelay: 5,
        job: { onProgress: (event) => void events.push(event) },
      },
    };
  };
}

/** The sample model as a repository's files, with what a job does not need beside it. */
export function sampleFiles(): Record<string, FileContent> {
  return {
    ...filesOf(SAMPLE_MODEL),
    "README.md": "---\nlicense: apache-2.0\nlanguage: en\n---\n# Sample\n",
    "modeling_sample.py": "raise SystemExit('code of a repository was run')\n",
    "pytorch_model.bin": "pickled",
    "onnx/model.onnx": "a graph",
    ".gitattributes": "*.safetensors filter=lfs\n",
  };
}

export function filesOf(folder: string): Record<string, FileContent> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** An entry of a listing as the Hub answers it. */
export interface ListedEntry {
  readonly type: string;
  readonly path: string;
  readonly oid: string;
  readonly size: number;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** What the Hub lists for a repository of one commit. */
export function listingOf(hub: LoopbackHub, name: string): ListedEntry[] {
  const [commit] = hub.repository(name)?.commits.values() ?? [];
  return [...(commit?.files ?? [])].map(([path, { size, oid, sha256 }]) => ({
    type: "file",
    path,
    oid,
    size,
    ...(sha256 !== undefined && { lfs: { oid: sha256, size, pointerSize: 135 } }),
  }));
}
