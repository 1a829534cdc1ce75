import { type Exchange, readBody, sendError, sendJson } from "./exchange.ts";
import { findCommit, type HubContext } from "./hub-context.ts";
import type { Repository, StoredFile } from "./repositories.ts";

type Line =
  | { key: "header"; value: { summary: string; description?: string; parentCommit?: string } }
  | { key: "file"; value: { path: string; content: string; encoding: string } }
  /** The size is left out by the Python client for a file that was copied. */
  | { key: "lfsFile"; value: { path: string; oid: string; size?: number; algo: string } }
  | { key: "deletedFile"; value: { path: string } };

/** Takes a commit as lines of JSON: the header first, then files; all of it or nothing. */
export async function commitRoute(
  { repositories, storage, complaints }: HubContext,
  exchange: Exchange,
  repository: Repository,
  branch: string,
): Promise<void> {
  const { query, record, fault, response } = exchange;
  const lines = (await readBody(exchange))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const refuse = (status: number, why: string) => {
    complaints.push(`commit: ${why}`);
    sendError(exchange, status, why);
  };
  if (!record.authorized) return sendError(exchange, 401, "Invalid username or password.");
  const isPullRequest = query.get("create_pr") === "1";
  if (!repository.writable && !isPullRequest) {
    return sendError(exchange, 403, `You have no rights to write to ${repository.name}`);
  }
  const [header, ...operations] = lines;
  if (header?.key !== "header") return refuse(400, "the first line is no header");
  const head = findCommit(repository, branch);
  if (head === undefined && branch !== "main")
    return sendError(exchange, 404, "Invalid rev id", "RevisionNotFound");
  const { parentCommit, summary, description } = header.value;
  if (parentCommit !== undefined && parentCommit !== head?.oid && !isPullRequest) {
    return sendError(exchange, 412, "A commit has happened since. Please refresh and try again.");
  }
  const changes = new Map<string, StoredFile | undefined>();
  for (const { key, value } of operations as Exclude<Line, { key: "header" }>[]) {
    if (changes.has(value.path)) return refuse(400, `${value.path} comes twice`);
    if (key === "deletedFile") changes.set(value.path, undefined);
    else if (key === "file") {
      changes.set(value.path, repositories.store(Buffer.from(value.content, "base64"), false));
    } else {
      const object = repository.objects.get(value.oid) ?? storage.object(value.oid);
      if (object === undefined)
        return refuse(400, `${value.path} points to ${value.oid}, which was not uploaded`);
      if (value.size !== undefined && object.size !== value.size)
        return refuse(400, `${value.path} is announced with ${value.size} bytes`);
      changes.set(value.path, object);
    }
  }
  const pulls = [...repository.branches.keys()].filter((name) => name.startsWith("refs/pr/")).length;
  const target = isPullRequest ? `refs/pr/${pulls + 1}` : branch;
  const made = repositories.commit(repository, target, changes, {
    title: summary,
    ...(description !== undefined && { description }),
  });
  if (fault?.kind === "lose-answer") {
    if (fault.status === undefined) response.destroy();
    else sendError(exchange, fault.status, "the answer was lost");
    return;
  }
  const page = `http://127.0.0.1/${repository.name}`;
  sendJson(exchange, 200, {
    success: true,
    commitOid: made.oid,
    commitUrl: `${page}/commit/${made.oid}`,
    hookOutput: "",
    ...(isPullRequest && { pullRequestUrl: `${page}/discussions/${pulls + 1}` }),
  });
}
