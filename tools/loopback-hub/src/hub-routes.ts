import { commitRoute } from "./commit-route.ts";
import { duplicateRoute } from "./duplicate-route.ts";
import { type Exchange, readBody, sendError, sendJson } from "./exchange.ts";
import { findCommit, findRepository, type HubContext } from "./hub-context.ts";
import { isLargeFile } from "./is-large-file.ts";
import type { Commit, Repository, StoredFile } from "./repositories.ts";
import { resolveRoute } from "./resolve-route.ts";

/** The Hub's own endpoints, as `@huggingface/hub` and the Python client call them. */
export function hubRoutes(context: HubContext): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    const { segments, request, record } = exchange;
    if (request.headers.authorization !== undefined && !record.authorized) {
      return sendError(exchange, 401, "Invalid username or password.");
    }
    if (segments[0] === "api") return apiRoutes(context, exchange);
    if (segments.at(-1) === "batch" && segments[1]?.endsWith(".git")) return lfsBatch(context, exchange);
    if (segments[2] === "resolve" || segments[2] === "raw") return resolveRoute(context, exchange);
    sendError(exchange, 404, "Not Found");
  };
}

async function apiRoutes(context: HubContext, exchange: Exchange): Promise<void> {
  const { method, segments, record } = exchange;
  const [, kind, owner = "", name = "", action, ...rest] = segments;
  if (kind === "whoami-v2") {
    if (!record.authorized) return sendError(exchange, 401, "Invalid credentials in Authorization header");
    const { role, scopes: scoped } = context;
    const fineGrained = { canReadGatedRepos: true, global: [], scoped };
    const accessToken = { displayName: "test", role, ...(role === "fineGrained" && { fineGrained }) };
    const auth = { type: "access_token", accessToken };
    return sendJson(exchange, 200, {
      type: "user",
      name: context.user,
      fullname: context.user,
      orgs: [],
      auth,
    });
  }
  if (kind === "repos" && owner === "create" && method === "POST") return createRoute(context, exchange);
  if (kind !== "models") return sendError(exchange, 404, "Not Found");
  const repository = findRepository(context, exchange, `${owner}/${name}`);
  if (repository === undefined) return;
  if (action === undefined) return modelInfo(exchange, repository, findCommit(repository, "main"));
  const [revision = "main", ...path] = rest;
  if (action === "preupload" && method === "POST") return preupload(exchange, repository);
  if (action === "lfs-files" && revision === "duplicate" && method === "POST") {
    return duplicateRoute(context, exchange, repository);
  }
  if (action === "commit" && method === "POST") return commitRoute(context, exchange, repository, revision);
  if (action === "branch" && method === "POST") return branchRoute(exchange, repository, revision);
  const commit = findCommit(repository, revision);
  if (commit === undefined && !(repository.commits.size === 0 && revision === "main")) {
    return sendError(exchange, 404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  }
  if (action === "revision") return modelInfo(exchange, repository, commit);
  if (action === "tree") return tree(context, exchange, commit, path.join("/"));
  if (action === "paths-info" && method === "POST") return pathsInfo(exchange, commit);
  sendError(exchange, 404, "Not Found");
}

/** Answers as the Hub does for what the caller may not see: as if it did not exist. */
async function createRoute({ repositories, user }: HubContext, exchange: Exchange): Promise<void> {
  const body = JSON.parse(await readBody(exchange)) as Record<string, string>;
  if (!exchange.record.authorized) return sendError(exchange, 401, "Invalid username or password.");
  const { organization = "", name = "", visibility } = body;
  if (organization !== user) {
    return sendError(
      exchange,
      403,
      `You don't have the rights to create a model under the namespace "${organization}"`,
    );
  }
  const full = `${organization}/${name}`;
  if (repositories.all.has(full)) return sendError(exchange, 409, "You already created this model repo");
  const repository = repositories.create(full, { private: visibility === "private" });
  const attributes = repositories.store("*.safetensors filter=lfs diff=lfs merge=lfs -text\n", false);
  repositories.commit(repository, "main", new Map([[".gitattributes", attributes]]), {
    title: "initial commit",
  });
  sendJson(exchange, 200, { url: `http://127.0.0.1/${full}`, id: full });
}

async function branchRoute(exchange: Exchange, repository: Repository, branch: string): Promise<void> {
  await readBody(exchange);
  if (!exchange.record.authorized) return sendError(exchange, 401, "Invalid username or password.");
  if (repository.branches.has(branch)) return sendError(exchange, 409, "Reference already exists");
  const main = repository.branches.get("main");
  if (main !== undefined) repository.branches.set(branch, main);
  sendJson(exchange, 200, { success: true });
}

function modelInfo(exchange: Exchange, repository: Repository, commit: Commit | undefined): void {
  sendJson(exchange, 200, {
    _id: "0",
    id: repository.name,
    private: repository.private,
    gated: false,
    downloads: 0,
    likes: 0,
    lastModified: "2026-01-01T00:00:00.000Z",
    sha: commit?.oid,
    siblings: [...(commit?.files.keys() ?? [])].map((rfilename) => ({ rfilename })),
  });
}

function tree(
  { pageSize }: HubContext,
  exchange: Exchange,
  commit: Commit | undefined,
  folder: string,
): void {
  const { query, request, fault } = exchange;
  const entries = [...(commit?.files ?? [])]
    .filter(([path]) => folder === "" || path.startsWith(`${folder}/`))
    .filter(([path]) => query.get("recursive") === "true" || !path.slice(folder.length + 1).includes("/"))
    .map(([path, file]) => entryOf(path, file));
  const start = Number(query.get("cursor") ?? 0);
  const url = new URL(`http://${request.headers.host}${request.url}`);
  url.searchParams.set("cursor", String(start + pageSize));
  const hasMore = start + pageSize < entries.length;
  const next = fault?.kind === "next-page" ? fault.href : hasMore ? url.href : undefined;
  const headers: Record<string, string> = next === undefined ? {} : { Link: `<${next}>; rel="next"` };
  sendJson(exchange, 200, entries.slice(start, start + pageSize), headers);
}

async function pathsInfo(exchange: Exchange, commit: Commit | undefined): Promise<void> {
  const body = await readBody(exchange);
  // the Python client sends a form
  const isForm = exchange.request.headers["content-type"]?.includes("form") === true;
  const paths = isForm
    ? new URLSearchParams(body).getAll("paths")
    : (JSON.parse(body) as { paths: string[] }).paths;
  const found = paths.flatMap((path) => {
    const file = commit?.files.get(path);
    return file === undefined ? [] : [entryOf(path, file)];
  });
  sendJson(exchange, 200, found);
}

function entryOf(path: string, { size, oid, sha256, xetHash }: StoredFile) {
  const lfs =
    sha256 === undefined
      ? {}
      : { lfs: { oid: sha256, size, pointerSize: 135 }, ...(xetHash !== undefined && { xetHash }) };
  return { type: "file", path, oid, size, ...lfs };
}

async function preupload(exchange: Exchange, repository: Repository): Promise<void> {
  const { files } = JSON.parse(await readBody(exchange)) as { files: { path: string; size: number }[] };
  if (!exchange.record.authorized) return sendError(exchange, 401, "Invalid username or password.");
  if (!repository.writable && exchange.query.get("create_pr") !== "1") {
    return sendError(
      exchange,
      403,
      "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request",
    );
  }
  sendJson(exchange, 200, {
    files: files.map(({ path, size }) => ({
      path,
      uploadMode: isLargeFile(path, { size }) ? "lfs" : "regular",
      shouldIgnore: false,
    })),
  });
}

async function lfsBatch({ repositories, storage }: HubContext, exchange: Exchange): Promise<void> {
  const { objects } = JSON.parse(await readBody(exchange)) as { objects: { oid: string; size: number }[] };
  if (!exchange.record.authorized) return sendError(exchange, 401, "Invalid username or password.");
  const [owner = "", name = ""] = exchange.segments;
  const held = repositories.all.get(`${owner}/${name.replace(/\.git$/, "")}`)?.objects;
  sendJson(exchange, 200, {
    transfer: "basic",
    objects: objects.map(({ oid, size }) => {
      const own = held?.has(oid) ? undefined : storage.uploadAction(oid, size);
      const upload = exchange.fault?.kind === "upload-to" ? { href: exchange.fault.href } : own;
      return { oid, size, ...(upload !== undefined && { actions: { upload } }) };
    }),
  });
}
