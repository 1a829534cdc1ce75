import { once } from "node:events";
import { createReadStream, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type Exchange, sendError } from "./exchange.ts";
import type { StoredFile } from "./repositories.ts";
import { trickle } from "./trickle.ts";

/** Answers GET and HEAD for a file, whole or by one range, with the faults that are about bodies. */
export async function sendFile(
  exchange: Exchange,
  file: StoredFile,
  headers: Record<string, string>,
): Promise<void> {
  const { request, response, method, fault, record } = exchange;
  const asked = fault?.kind === "ignore-range" ? undefined : parseRange(request.headers.range);
  if (asked !== undefined && asked.start >= file.size) {
    response.setHeader("Content-Range", `bytes */${file.size}`);
    sendError(exchange, 416, "Range not satisfiable");
    return;
  }
  const start = asked?.start ?? 0;
  const last = Math.min(asked?.last ?? file.size - 1, file.size - 1);
  const end = Math.max(start, last + 1 - (fault?.kind === "shorten" ? fault.by : 0));
  record.status = asked === undefined ? 200 : 206;
  response.writeHead(record.status, {
    ...headers,
    ...(fault?.kind === "etag" && { ETag: fault.etag }),
    "Content-Type": "application/octet-stream",
    "Accept-Ranges": "bytes",
    "Content-Length": end - start,
    ...(asked !== undefined && { "Content-Range": `bytes ${start}-${end - 1}/${file.size}` }),
  });
  if (method === "HEAD" || end === start) {
    response.end();
    return;
  }
  if (fault?.kind === "trickle") {
    const bytes = readFileSync(file.place).subarray(start, end);
    return trickle(response, bytes, fault.milliseconds);
  }
  const stop = fault?.kind === "cut" ? Math.min(end, start + fault.after) : end;
  const gone = new Promise((resolve) => response.once("close", resolve));
  let first = true;
  if (stop > start) {
    for await (const block of createReadStream(file.place, {
      start,
      end: stop - 1,
    }) as AsyncIterable<Buffer>) {
      if (response.destroyed) return;
      if (fault?.kind === "corrupt" && first) block[0] = (block[0] as number) ^ 0xff;
      first = false;
      record.sent += block.length;
      if (!response.write(block)) await Promise.race([once(response, "drain"), gone]);
    }
  }
  if (fault?.kind !== "cut") {
    response.end();
    return;
  }
  // what was written must have come before the connection goes: a broken stream loses what its reader has not taken yet
  await new Promise((resolve) => response.write("", resolve));
  await setTimeout(50);
  response.destroy();
}

function parseRange(header: string | undefined): { start: number; last: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (!match) return undefined;
  return { start: Number(match[1]), last: match[2] === "" ? Number.POSITIVE_INFINITY : Number(match[2]) };
}
