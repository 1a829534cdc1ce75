import { type Exchange, sendError } from "./exchange.ts";
import type { Commit, Repositories, Repository } from "./repositories.ts";
import type { Storage } from "./storage.ts";

/** What the endpoints work on. */
export interface HubContext {
  readonly repositories: Repositories;
  readonly storage: Storage;
  readonly token: string;
  readonly user: string;
  readonly role: "write" | "read";
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
