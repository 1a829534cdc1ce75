import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Exchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import { misbehave } from "./misbehave.ts";
import type { RequestRecord } from "./request-log.ts";

export interface LoopbackOptions {
  readonly server: RequestRecord["server"];
  /** The one token that is let in. */
  readonly token: string;
  /** Gets a record of each request. */
  readonly requests: RequestRecord[];
  readonly rules: Faults;
  /** Called for a request that no fault answers. */
  readonly handle: (exchange: Exchange) => Promise<void>;
}

/** Starts a server on 127.0.0.1 that notes what is asked and misbehaves as its rules say. */
export function serveLoopback({ server, token, requests, rules, handle }: LoopbackOptions): Promise<Server> {
  return listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const method = request.method ?? "GET";
    const path = request.url ?? "/";
    const { range, authorization } = request.headers;
    const authorized = authorization === `Bearer ${token}`;
    const record = { server, method, path, range, authorized, status: 0, received: 0, sent: 0 };
    requests.push(record);
    const segments = pathname.slice(1).split("/").map(decodeURIComponent);
    const fault = rules.take(method, path);
    const exchange = { request, response, method, segments, query: searchParams, fault, record };
    if (!(await misbehave(exchange))) await handle(exchange);
  });
}

function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Server> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
