import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Exchange } from "./exchange.ts";
import { type FaultRule, faults } from "./faults.ts";
import type { TokenRole, TokenScope } from "./hub-context.ts";
import { hubRoutes } from "./hub-routes.ts";
import { isLargeFile } from "./is-large-file.ts";
import { type FileContent, type Repository, type RepositoryOptions, repositories } from "./repositories.ts";
import type { RequestRecord } from "./request-log.ts";
import { serveLoopback, shut, urlOf } from "./serve-loopback.ts";
import { storage } from "./storage.ts";

export interface LoopbackHubOptions {
  /** The one token that is let in. @default "hf_loopbackToken" */
  readonly token?: string;
  /** Who the token belongs to, and may create repositories. @default "me" */
  readonly user?: string;
  /** What the token may do. @default "write" */
  readonly role?: TokenRole;
  /** Of a fine-grained token. @default none */
  readonly scopes?: readonly TokenScope[];
  /** Uploads beyond so many bytes go in parts of this size. @default 64 MiB */
  readonly partBytes?: number;
  /** Entries on a page of a listing. @default 1000 */
  readonly pageSize?: number;
  /** What addresses of the storage call it; the Python client takes all ports of a host for one. @default "127.0.0.1" */
  readonly storageHost?: string;
}

export interface LoopbackHub {
  readonly url: string;
  readonly token: string;
  /** In the order they came. */
  readonly requests: readonly RequestRecord[];
  /** Makes a repository with one commit on main. */
  add(
    name: string,
    files: Readonly<Record<string, FileContent>>,
    options?: RepositoryOptions & {
      /** Whether its large files are in Xet storage. @default true */
      readonly xet?: boolean;
    },
  ): Repository;
  repository(name: string): Repository | undefined;
  misbehave(rule: FaultRule): void;
  /** From now on as it should. */
  behave(): void;
  /** What the client did against the rules: a wrong hash, a token where it has no business. Empty when all is well. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Starts a Hub and, on a port of its own as the real one, the storage of its large files; both on 127.0.0.1. */
export async function startLoopbackHub({
  token = "hf_loopbackToken",
  user = "me",
  role = "write",
  scopes = [],
  partBytes = 64 << 20,
  pageSize = 1000,
  storageHost = "127.0.0.1",
}: LoopbackHubOptions = {}): Promise<LoopbackHub> {
  const folder = mkdtempSync(join(tmpdir(), "revocab-hub-"));
  const requests: RequestRecord[] = [];
  const complaints: string[] = [];
  const rules = faults();
  const repos = repositories(folder);

  const serve = (server: RequestRecord["server"], handle: (exchange: Exchange) => Promise<void>) =>
    serveLoopback({ server, token, requests, rules, handle });

  const files = storage({ folder, partBytes, complaints });
  const storageServer = await serve("storage", files.handle);
  files.setUrl(urlOf(storageServer).replace("127.0.0.1", storageHost));
  const context = { repositories: repos, storage: files, token, user, role, scopes, pageSize, complaints };
  const hub = hubRoutes(context);
  const hubServer = await serve("hub", hub);
  const url = urlOf(hubServer);

  return {
    url,
    token,
    requests,
    complaints,
    add(name, contents, { xet = true, ...options } = {}) {
      const repository = repos.create(name, options);
      const changes = new Map(
        Object.entries(contents).map(([path, content]) => {
          const { xetHash, ...stored } = repos.store(content, isLargeFile(path, content));
          return [path, { ...stored, ...(xet && xetHash !== undefined && { xetHash }) }];
        }),
      );
      repos.commit(repository, "main", changes, { title: "initial commit" });
      return repository;
    },
    repository: (name) => repos.all.get(name),
    misbehave: rules.add,
    behave: rules.clear,
    async close() {
      await Promise.all([hubServer, storageServer].map(shut));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
