import { parentPort, workerData } from "node:worker_threads";
import { RevocabError } from "@revocab/core";
import { type CopyTargets, copyFiles, type FileToCopy } from "./copy-files.ts";
import { hashOnThread } from "./hash-blocks.ts";

/** What the thread of `startCopying` tells: bytes as they are written, and at last the hashes or an error. */
export type CopyMessage =
  | { readonly written: number }
  | { readonly hashes: Readonly<Record<string, string>> }
  /** As data: classes do not cross threads. */
  | { readonly failure: Pick<RevocabError, "code" | "message"> & { readonly hint?: string } };

const tell = (message: CopyMessage) => parentPort?.postMessage(message);
const hasher = hashOnThread();
const targets = new Promise<CopyTargets>((resolve) => parentPort?.once("message", resolve));
try {
  const files = workerData as readonly FileToCopy[];
  tell({ hashes: await copyFiles(files, { hasher, targets, onBytes: (written) => tell({ written }) }) });
} catch (error) {
  if (!(error instanceof RevocabError)) throw error;
  const { code, message, hint } = error;
  tell({ failure: { code, message, ...(hint !== undefined && { hint }) } });
} finally {
  await hasher.close();
  parentPort?.close();
}
