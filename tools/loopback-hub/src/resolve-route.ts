import { type Exchange, sendError } from "./exchange.ts";
import { findCommit, findRepository, type HubContext } from "./hub-context.ts";
import { pointerOf } from "./repositories.ts";
import { sendFile } from "./send-file.ts";

/**
 * `OWNER/NAME/resolve/REVISION/PATH`: small files from here, large ones by a redirect to the storage; under `raw` the
 * pointer of a large file.
 */
export async function resolveRoute(context: HubContext, exchange: Exchange): Promise<void> {
  const [owner, name, what, revision = "main", ...parts] = exchange.segments;
  const repository = findRepository(context, exchange, `${owner}/${name}`);
  if (repository === undefined) return;
  const commit = findCommit(repository, revision);
  if (commit === undefined)
    return sendError(exchange, 404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  const file = commit.files.get(parts.join("/"));
  if (file === undefined) return sendError(exchange, 404, "Entry not found", "EntryNotFound");
  const { fault, method, record, response } = exchange;
  if (file.sha256 === undefined) {
    return sendFile(exchange, file, { ETag: `"${file.oid}"`, "X-Repo-Commit": commit.oid });
  }
  if (what === "raw") {
    const pointer = pointerOf(file.sha256, file.size);
    record.status = 200;
    response.writeHead(200, {
      ETag: `"${file.oid}"`,
      "X-Repo-Commit": commit.oid,
      "Content-Length": pointer.length,
    });
    response.end(method === "HEAD" ? undefined : pointer);
    return;
  }
  record.status = 302;
  response.writeHead(302, {
    Location: context.storage.readAddress(file),
    "X-Linked-Size": file.size,
    "X-Linked-ETag": fault?.kind === "etag" ? fault.etag : `"${file.sha256}"`,
    "X-Repo-Commit": commit.oid,
    "Content-Length": 0,
  });
  response.end();
}
