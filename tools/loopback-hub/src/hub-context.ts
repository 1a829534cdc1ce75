import { type Exchange, sendError } from "./exchange.ts";
import type { Commit, Repositories, Repository } from "./repositories.ts";
import type { Storage } from "./storage.ts";

export type TokenRole = "write" | "read" | "fineGrained";

/** What a fine-grained token may do with an owner or a repository. */
export interface TokenScope {
  readonly entity: { readonly type: "user" | "org" | "model"; readonly name: string };
  /** Such as `repo.write`. */
  readonly permissions: readonly string[];
}

/** What the endpoints work on. */
export interface HubContext {
  readonly repositories: Repositories;
  readonly storage: Storage;
  readonly token: string;
  readonly user: string;
  readonly role: TokenRole;
  readonly scopes: readonly TokenScope[];
  readonly pageSize: number;
  readonly complaints: string[];
}

export function findRepository(
  { repositories }: HubContext,
  exchange: Exchange,
  name: string,
): Repository | undefined {
  const repository = repositories.all.get(name);
  if (repository !== undefined && (!repository.private || exchange.record.authorized)) return repository;
  exchange.request.resume();
  if (exchange.record.authorized) sendError(exchange, 404, "Repository not found", "RepoNotFound");
  else sendError(exchange, 401, "Invalid username or password.", "RepoNotFound");
  return undefined;
}

export function findCommit({ branches, commits }: Repository, revision: string): Commit | undefined {
  return commits.get(revision) ?? commits.get(branches.get(revision === "HEAD" ? "main" : revision) ?? "");
}
