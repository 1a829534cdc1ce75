import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fault } from "./faults.ts";
import type { RequestRecord } from "./request-log.ts";
import { trickle } from "./trickle.ts";

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Segments of the path, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly fault: Fault | undefined;
  readonly record: RequestRecord;
}

export function sendJson(
  { response, record, fault }: Exchange,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(value);
  const body = Buffer.from(fault?.kind === "mutate" ? fault.change(text) : text);
  record.status = status;
  record.sent += body.length;
  response.writeHead(status, {
    ...headers,
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": body.length,
  });
  if (fault?.kind === "trickle") void trickle(response, body, fault.milliseconds);
  else response.end(body);
}

/** An error as the Hub words it. */
export function sendError(exchange: Exchange, status: number, error: string, code?: string): void {
  sendJson(exchange, status, { error }, code === undefined ? {} : { "X-Error-Code": code });
}

/** Reads a body that is small by nature; more than 64 MB is a fault of the client. */
export async function readBody({ request, record }: Exchange): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > 64e6) throw new Error("a body of more than 64 MB");
    parts.push(part);
  }
  record.received += size;
  return Buffer.concat(parts).toString("utf8");
}
