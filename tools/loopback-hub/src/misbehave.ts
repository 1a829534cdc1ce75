import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { type Exchange, sendError } from "./exchange.ts";

/** Answers as a fault says that comes in place of the work; says whether it did. */
export async function misbehave(exchange: Exchange): Promise<boolean> {
  const { request, response, record, fault } = exchange;
  if (fault === undefined) return false;
  switch (fault.kind) {
    case "delay":
      await setTimeout(fault.milliseconds);
      return false;
    case "headers":
      for (const [name, value] of Object.entries(fault.headers)) response.setHeader(name, value);
      return false;
    case "silent":
      request.resume();
      return true;
    case "status":
      request.resume();
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
      sendError(exchange, fault.status, fault.error ?? `the server was told to answer ${fault.status}`);
      return true;
    case "answer":
      request.resume();
      record.status = fault.status ?? 200;
      response.writeHead(record.status, { "Content-Type": "application/json", ...fault.headers });
      response.end(fault.body);
      return true;
    case "bomb":
      request.resume();
      record.status = fault.status ?? 200;
      await sendBomb(response, record.status, fault.bytes);
      return true;
    case "cut":
      if (fault.after > 0) return false;
      request.destroy();
      return true;
    default:
      return false;
  }
}

async function sendBomb(response: ServerResponse, status: number, bytes: number): Promise<void> {
  response.writeHead(status, { "Content-Type": "application/json", "Content-Encoding": "gzip" });
  const gzip = createGzip();
  gzip.pipe(response);
  const block = Buffer.alloc(1 << 20, "0");
  const gone = once(response, "close");
  for (let left = bytes; left > 0 && !response.destroyed; left -= block.length) {
    if (!gzip.write(block.subarray(0, left))) await Promise.race([once(gzip, "drain"), gone]);
  }
  gzip.end();
}
