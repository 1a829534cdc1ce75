import { type Exchange, readBody, sendError, sendJson } from "./exchange.ts";
import type { HubContext } from "./hub-context.ts";
import type { Repository, StoredFile } from "./repositories.ts";

/** What the real client sends at most. */
const MOST = 500;

interface Request {
  readonly target?: { readonly type?: unknown; readonly name?: unknown };
  readonly files?: readonly {
    readonly xetHash?: unknown;
    readonly sha256?: unknown;
    readonly filename?: unknown;
  }[];
}

/**
 * Copies large files of `source` to another repository, so that a commit there may point to them, as the Python client
 * (1.33) has it done: `POST /api/models/SOURCE/lfs-files/duplicate`.
 */
export async function duplicateRoute(
  { repositories, complaints }: HubContext,
  exchange: Exchange,
  source: Repository,
): Promise<void> {
  const { target, files = [] } = JSON.parse(await readBody(exchange)) as Request;
  if (!exchange.record.authorized) return sendError(exchange, 401, "Invalid username or password.");
  const refuse = (status: number, why: string) => {
    complaints.push(`duplicate: ${why}`);
    sendError(exchange, status, why);
  };
  if (target?.type !== "model" || typeof target.name !== "string") return refuse(400, "target is no model");
  if (files.length === 0 || files.length > MOST) return refuse(400, `${files.length} files`);
  const into = repositories.all.get(target.name);
  if (into === undefined) return refuse(404, "Repository not found");
  if (!into.writable) return sendError(exchange, 403, `You have no rights to write to ${into.name}`);
  const { fault } = exchange;
  const failed: { sha256: unknown; error: string }[] = [];
  const copied: StoredFile[] = [];
  for (const [i, { xetHash, sha256, filename }] of files.entries()) {
    const stored = [...source.commits.values()].map((commit) => commit.files.get(String(filename)));
    const file = stored.find(
      (one) => one?.sha256 === sha256 && one?.xetHash === xetHash && xetHash !== undefined,
    );
    if (file === undefined) return refuse(400, `${filename} is not what ${source.name} has`);
    if (fault?.kind === "refuse-copy" && i < fault.count) failed.push({ sha256, error: fault.error });
    else if (into.region !== source.region) {
      failed.push({ sha256, error: `${source.region} and ${into.region} are different storage regions` });
    } else copied.push(file);
  }
  if (fault?.kind === "lose-copy") copied.pop();
  for (const [i, file] of copied.entries()) {
    const isOther = fault?.kind === "other-copy" && i === 0;
    const place = isOther ? repositories.store(fault.content, false).place : file.place;
    into.objects.set(file.sha256 as string, { ...file, place });
  }
  sendJson(exchange, 200, { failed });
}
