import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, freemem, tmpdir, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RevocabError, showMessage } from "@revocab/core";
import type { TokenOwner } from "@revocab/hub";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

/** What this machine can do, and the value of --json. */
export interface MachineReport {
  readonly version: string;
  /** The version, as `v22.13.0`. */
  readonly node: string;
  /** The operating system and the processor, as `linux-x64`. */
  readonly platform: string;
  readonly threads: number;
  /** Bytes; `available` is what this process may take now. */
  readonly memory: { readonly total: number; readonly available: number };
  /** Where files are that live no longer than a run. */
  readonly temporaryFolder: Folder;
  /** Whether tokenizers can be used, without which there is no work. */
  readonly tokenizers: boolean;
  readonly runtime: {
    readonly kind: "native" | "wasm" | "none";
    /** Those that multiply matrices in f32, `cpu` first. */
    readonly devices: readonly string[];
  };
  /** Whether an index of neighbors can be built. Without it every row is compared: nothing is missing, and it takes longer. */
  readonly neighborIndex: boolean;
  readonly hub: HubAccess;
  readonly faults: readonly Fault[];
}

interface Folder {
  readonly path: string;
  /** Bytes that this user may fill; null where the folder is missing or does not say. */
  readonly free: number | null;
}

export interface HubAccess {
  readonly endpoint: string | null;
  readonly offline: boolean;
  readonly hasToken: boolean;
  readonly cache: Folder | null;
  /** With --hub: whose the token is, as the Hub says; else null. */
  readonly owner: TokenOwner | null;
}

/** Something that does not work, and what mends it. */
export interface Fault {
  /** Nothing can be done before it is mended; otherwise the rest works without it. */
  readonly isEssential: boolean;
  readonly message: string;
  readonly mend: string;
}

/**
 * Looks at all that work depends on, by using it. Nothing is asked of the network but, with `asksHub`, whose the token is.
 */
export async function examineMachine({ asksHub }: { readonly asksHub: boolean }): Promise<MachineReport> {
  const faults: Fault[] = [];
  const { platform, arch, version: node } = process;
  const temporaryFolder = await folderAt(tmpdir());
  if (temporaryFolder.free === null || temporaryFolder.free < LITTLE_ROOM)
    faults.push(smallFolder(temporaryFolder));
  return {
    version,
    node,
    platform: `${platform}-${arch}`,
    threads: availableParallelism(),
    memory: { total: totalMemory(), available: process.availableMemory?.() ?? freemem() },
    temporaryFolder,
    tokenizers: await works(encodeOneText, faults),
    runtime: await examineRuntime(faults),
    neighborIndex: await works(buildIndex),
    hub: await examineHub(faults, asksHub),
    faults,
  };
}

/** A container may allow less than the machine has. */
function totalMemory(): number {
  const allowed = process.constrainedMemory?.() ?? 0;
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

async function folderAt(path: string): Promise<Folder> {
  const free = await statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
  return { path, free };
}

/** Scratch files of a run hold one table of rows, of 1 GB in a large model. */
const LITTLE_ROOM = 2e9;

function smallFolder({ path, free }: Folder): Fault {
  return {
    isEssential: false,
    message:
      free === null
        ? `the temporary folder ${path} cannot be used`
        : `the temporary folder ${path} has ${(free / 1e9).toFixed(1)} GB of room`,
    mend: "set TMPDIR (on Windows TEMP) to a folder on a disk with some gigabytes of room",
  };
}

/** Whether something works; if not, why, among the faults of what is essential. */
async function works(use: () => Promise<void>, faults: Fault[] = []): Promise<boolean> {
  try {
    await use();
    return true;
  } catch (error) {
    faults.push(faultOf(error, true));
    return false;
  }
}

function faultOf(error: unknown, isEssential: boolean): Fault {
  const isKnown = error instanceof RevocabError;
  const message = isKnown ? error.message : showMessage((error as Error).message);
  return { isEssential, message, mend: (isKnown ? error.hint : undefined) ?? "install revocab again" };
}

/** Starts the process of the tokenizers library, and uses it. */
async function encodeOneText(): Promise<void> {
  const { tokenizerFromFiles } = await import("@revocab/vocabulary");
  const model = { type: "WordLevel", vocab: { a: 0, "[UNK]": 1 }, unk_token: "[UNK]" };
  const file = JSON.stringify({ version: "1.0", added_tokens: [], model });
  const tokenizer = tokenizerFromFiles(
    new Map([["tokenizer.json", new TextEncoder().encode(file)]]),
    "a tokenizer of one word",
  );
  await tokenizer.encode("a");
}

async function examineRuntime(faults: Fault[]): Promise<MachineReport["runtime"]> {
  const { loadOnnxRuntime } = await import("@revocab/onnx");
  try {
    const { kind } = await loadOnnxRuntime();
    return { kind, devices: await listDevices(faults) };
  } catch (error) {
    faults.push(faultOf(error, false));
    return { kind: "none", devices: [] };
  }
}

/** Those that can be used. Where trying the others ends the process that does, that is a fault, and the processor is left. */
async function listDevices(faults: Fault[]): Promise<readonly string[]> {
  const program = fileURLToPath(new URL("./list-devices.js", import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program], {
      timeout: DEVICES_TIMEOUT_MS,
    });
    return JSON.parse(stdout) as string[];
  } catch (error) {
    faults.push({
      isEssential: false,
      message: `devices beside the CPU could not be tried: ${showMessage((error as Error).message, 200)}`,
      mend: "mend the driver of the graphics card, or go on with the CPU",
    });
    return ["cpu"];
  }
}

const DEVICES_TIMEOUT_MS = 30_000;

async function buildIndex(): Promise<void> {
  const { nearestRows } = await import("@revocab/neighbors");
  const rows = { rows: 2, columns: 1, data: Float32Array.of(1, 2) };
  await nearestRows({ queries: rows, rows, k: 1, metric: "dot", index: "hnsw" });
}

async function examineHub(faults: Fault[], asksHub: boolean): Promise<HubAccess> {
  const { hubSettings, tokenOwner } = await import("@revocab/hub");
  try {
    const { endpoint, offline, token, cacheDirectory } = hubSettings();
    const access = {
      endpoint,
      offline,
      hasToken: token !== undefined,
      cache: await folderAt(cacheDirectory),
    };
    try {
      return { ...access, owner: asksHub ? await tokenOwner() : null };
    } catch (error) {
      faults.push(faultOf(error, false));
      return { ...access, owner: null };
    }
  } catch (error) {
    faults.push(faultOf(error, false));
    return { endpoint: null, offline: false, hasToken: false, cache: null, owner: null };
  }
}
