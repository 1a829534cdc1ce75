import { createHash, randomBytes } from "node:crypto";
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Exchange, readBody, sendError, sendJson } from "./exchange.ts";
import { joinParts } from "./join-parts.ts";
import { largeFile, type StoredFile } from "./repositories.ts";
import { sendFile } from "./send-file.ts";

/** Where large files lie, behind signed addresses of another host. */
export interface Storage {
  handle(exchange: Exchange): Promise<void>;
  setUrl(url: string): void;
  /** A signed address to read a file from. */
  readAddress(file: StoredFile): string;
  /** What the batch call says of an object: nothing to do when it is there already. */
  uploadAction(oid: string, size: number): Record<string, unknown> | undefined;
  /** An object that was uploaded, its hash and size checked. */
  object(oid: string): StoredFile | undefined;
}

interface Upload {
  readonly oid: string;
  readonly size: number;
  /** ETag of each part that has come, by number from 1. */
  readonly parts: Map<number, string>;
  readonly count: number;
}

/** Refuses what S3 would refuse, and complains about it: a token, an unknown signature, a wrong length or hash. */
export function storage({
  folder,
  partBytes,
  complaints,
}: {
  folder: string;
  partBytes: number;
  complaints: string[];
}): Storage {
  let url = "";
  const readable = new Map<string, StoredFile>();
  const uploads = new Map<string, Upload>();
  const objects = new Map<string, StoredFile>();
  const partPlace = (key: string, part: number) => join(folder, `upload-${key}-${part}`);

  const refuse = (exchange: Exchange, status: number, why: string) => {
    complaints.push(`${exchange.method} ${exchange.segments[0]}: ${why}`);
    exchange.request.resume();
    sendError(exchange, status, why);
  };

  return {
    setUrl(value) {
      url = value;
    },
    readAddress(file) {
      const key = randomBytes(12).toString("hex");
      readable.set(key, file);
      return `${url}/read/${key}?X-Amz-Signature=${key}secret`;
    },
    uploadAction(oid, size) {
      if (objects.has(oid)) return undefined;
      const key = randomBytes(12).toString("hex");
      const count = Math.max(1, Math.ceil(size / partBytes));
      uploads.set(key, { oid, size, parts: new Map(), count });
      const part = (number: number) => `${url}/upload/${key}/${number}?X-Amz-Signature=${key}secret`;
      if (count === 1) return { href: part(1) };
      const parts = Array.from({ length: count }, (_, i) => [String(i + 1).padStart(5, "0"), part(i + 1)]);
      return {
        href: `${url}/complete/${key}?X-Amz-Signature=${key}secret`,
        header: { chunk_size: String(partBytes), ...Object.fromEntries(parts) },
      };
    },
    object: (oid) => objects.get(oid),
    async handle(exchange) {
      const { request, method, segments, query } = exchange;
      const [what, key = "", number = ""] = segments;
      if (request.headers.authorization !== undefined) {
        return refuse(exchange, 400, "only one auth mechanism allowed: a token was sent to the storage");
      }
      if (query.get("X-Amz-Signature") !== `${key}secret`)
        return refuse(exchange, 403, "the signature is wrong");
      if (what === "read" && (method === "GET" || method === "HEAD")) {
        const file = readable.get(key);
        if (file === undefined) return refuse(exchange, 404, "no such object");
        return sendFile(exchange, file, { ETag: `"${file.oid.slice(0, 32)}"` });
      }
      const upload = uploads.get(key);
      if (upload === undefined) return refuse(exchange, 404, "no such upload");
      if (what === "upload" && method === "PUT") return takePart(exchange, key, upload, Number(number));
      if (what === "complete" && method === "POST") return complete(exchange, key, upload);
      return refuse(exchange, 405, "no such operation");
    },
  };

  async function takePart(exchange: Exchange, key: string, upload: Upload, part: number): Promise<void> {
    const { request, response, record, fault } = exchange;
    const length = part < upload.count ? partBytes : upload.size - partBytes * (upload.count - 1);
    if (Number(request.headers["content-length"]) !== length) {
      return refuse(
        exchange,
        411,
        `${request.headers["content-length"]} bytes announced, ${length} expected`,
      );
    }
    const place = partPlace(key, part);
    const hash = createHash("sha256");
    const stopAt = fault?.kind === "cut" ? fault.after : Number.POSITIVE_INFINITY;
    await pipeline(
      request,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const block of source) {
          hash.update(block);
          record.received += block.length;
          if (record.received >= stopAt) request.destroy();
          yield block;
        }
      },
      createWriteStream(place),
    );
    if (upload.count === 1) {
      const digest = hash.digest("hex");
      if (digest !== upload.oid) {
        rmSync(place);
        return refuse(exchange, 400, `the content has the sha256 ${digest}, announced was ${upload.oid}`);
      }
      keep(upload, place);
    } else upload.parts.set(part, `"${key}-${part}"`);
    record.status = 200;
    response.writeHead(200, { ETag: `"${key}-${part}"`, "Content-Length": 0 }).end();
  }

  async function complete(exchange: Exchange, key: string, upload: Upload): Promise<void> {
    const body = JSON.parse(await readBody(exchange)) as {
      oid: string;
      parts: { partNumber: number; etag: string }[];
    };
    const ordered = body.parts.every(
      ({ partNumber, etag }, i) => partNumber === i + 1 && etag === upload.parts.get(partNumber),
    );
    if (body.oid !== upload.oid || body.parts.length !== upload.count || !ordered) {
      return refuse(exchange, 400, "the parts are not those that were uploaded, in their order");
    }
    const whole = join(folder, `upload-${key}`);
    const parts = Array.from({ length: upload.count }, (_, i) => partPlace(key, i + 1));
    if (existsSync(parts[0] as string)) {
      const digest = await joinParts(parts, whole);
      if (digest !== upload.oid) return refuse(exchange, 400, `the parts have the sha256 ${digest} together`);
      keep(upload, whole);
    }
    sendJson(exchange, 200, { success: true });
  }

  function keep({ oid, size }: Upload, from: string): void {
    const place = join(folder, `object-${oid}`);
    renameSync(from, place);
    if (statSync(place).size === size) objects.set(oid, largeFile(place, size, oid));
    else complaints.push(`the object ${oid} has ${statSync(place).size} bytes, announced were ${size}`);
  }
}
