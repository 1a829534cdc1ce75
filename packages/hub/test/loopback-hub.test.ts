import { createHash } from "node:crypto";
import { type LoopbackHub, startLoopbackHub } from "@revocab/loopback-hub";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** The server complains of what a client must not do: else "no complaints" would prove nothing. */

let hub: LoopbackHub;
beforeEach(async () => {
  hub = await startLoopbackHub({ partBytes: 100 });
  hub.add("me/model", { "a.txt": "small", "w.safetensors": "large content" });
});
afterEach(() => hub.close());

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const authorized = () => ({ Authorization: `Bearer ${hub.token}` });

async function post(path: string, body: unknown, headers: Record<string, string> = authorized()) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${hub.url}${path}`, { method: "POST", headers, body: text });
}

const commit = (...lines: unknown[]) =>
  post("/api/models/me/model/commit/main", lines.map((line) => JSON.stringify(line)).join("\n"));
const header = { key: "header", value: { summary: "a commit" } };

/** The addresses that the batch call gives for an upload. */
async function uploadOf(oid: string, size: number) {
  const response = await post("/me/model.git/info/lfs/objects/batch", { objects: [{ oid, size }] });
  type Batch = { objects: { actions?: { upload: { href: string; header?: Record<string, string> } } }[] };
  return ((await response.json()) as Batch).objects[0]!.actions?.upload;
}

describe("the loopback Hub refuses", () => {
  it("an upload whose content has another hash, and a commit that names it then", async () => {
    const upload = await uploadOf(sha256("right"), 5);
    const response = await fetch(upload!.href, { method: "PUT", body: "wrong" });
    expect(response.status).toBe(400);
    const file = { key: "lfsFile", value: { path: "x.bin", algo: "sha256", oid: sha256("right"), size: 5 } };
    expect((await commit(header, file)).status).toBe(400);
    expect(hub.complaints).toEqual([
      expect.stringContaining(
        `the content has the sha256 ${sha256("wrong")}, announced was ${sha256("right")}`,
      ),
      expect.stringContaining("which was not uploaded"),
    ]);
  });

  it("an upload of another length than was announced, and a commit that announces another", async () => {
    const upload = await uploadOf(sha256("right"), 5);
    expect((await fetch(upload!.href, { method: "PUT", body: "right!" })).status).toBe(411);
    expect((await fetch(upload!.href, { method: "PUT", body: "right" })).status).toBe(200);
    const file = { key: "lfsFile", value: { path: "x.bin", algo: "sha256", oid: sha256("right"), size: 6 } };
    expect((await commit(header, file)).status).toBe(400);
    expect(hub.complaints).toHaveLength(2);
  });

  it("the token at its storage, and an address without its signature", async () => {
    const upload = await uploadOf(sha256("right"), 5);
    const withToken = await fetch(upload!.href, { method: "PUT", body: "right", headers: authorized() });
    expect(withToken.status).toBe(400);
    const unsigned = upload!.href.replace(/\?.*/, "");
    expect((await fetch(unsigned, { method: "PUT", body: "right" })).status).toBe(403);
    expect(hub.complaints).toHaveLength(2);
  });

  it("parts that are missing, or come in another order", async () => {
    const content = "x".repeat(100) + "y".repeat(100) + "z".repeat(50);
    const upload = await uploadOf(sha256(content), 250);
    const parts = ["00001", "00002", "00003"].map((name) => upload!.header![name]!);
    const etags: string[] = [];
    for (const [i, part] of parts.entries()) {
      const body = content.slice(i * 100, (i + 1) * 100);
      etags.push((await fetch(part, { method: "PUT", body })).headers.get("ETag")!);
    }
    const complete = (order: readonly number[]) =>
      fetch(upload!.href, {
        method: "POST",
        body: JSON.stringify({
          oid: sha256(content),
          parts: order.map((i) => ({ partNumber: i + 1, etag: etags[i] })),
        }),
      });
    expect((await complete([0, 1])).status).toBe(400);
    expect((await complete([1, 0, 2])).status).toBe(400);
    expect((await complete([0, 1, 2])).status).toBe(200);
    expect(await uploadOf(sha256(content), 250)).toBeUndefined();
    expect(hub.complaints).toHaveLength(2);
  });

  it("a commit without its header, with a file twice, or after another commit", async () => {
    const file = { key: "file", value: { path: "b.txt", content: "Yg==", encoding: "base64" } };
    expect((await commit(file)).status).toBe(400);
    expect((await commit(header, file, file)).status).toBe(400);
    const late = { key: "header", value: { summary: "late", parentCommit: "0".repeat(40) } };
    expect((await commit(late, file)).status).toBe(412);
    expect(hub.repository("me/model")!.commits.size).toBe(1);
    expect((await commit(header, file)).status).toBe(200);
    expect(hub.repository("me/model")!.commits.size).toBe(2);
  });

  it("whoever has no token, or a wrong one, everything that writes", async () => {
    const paths = [
      "/api/repos/create",
      "/api/models/me/model/commit/main",
      "/api/models/me/model/preupload/main",
    ];
    for (const path of [...paths, "/me/model.git/info/lfs/objects/batch", "/api/models/me/model/branch/b"]) {
      const body = path.includes("commit") ? JSON.stringify(header) : { files: [], objects: [] };
      for (const headers of [{}, { Authorization: "Bearer hf_wrong" }] as Record<string, string>[]) {
        expect({ path, status: (await post(path, body, headers)).status }).toEqual({ path, status: 401 });
      }
    }
    expect((await fetch(`${hub.url}/api/whoami-v2`)).status).toBe(401);
  });
});

describe("the loopback Hub answers", () => {
  it("HEAD of a raw file: a small one's size, and of a large one that of its pointer", async () => {
    const head = (path: string) => fetch(`${hub.url}/me/model/raw/main/${path}`, { method: "HEAD" });
    expect((await head("a.txt")).headers.get("Content-Length")).toBe("5");
    const pointer = await fetch(`${hub.url}/me/model/raw/main/w.safetensors`);
    expect(await pointer.text()).toContain(`oid sha256:${sha256("large content")}\nsize 13\n`);
    expect((await head("nothing")).status).toBe(404);
  });

  it("paths-info for the paths that are asked for", async () => {
    const response = await post("/api/models/me/model/paths-info/main", {
      paths: ["w.safetensors", "nothing"],
    });
    expect(await response.json()).toMatchObject([
      { path: "w.safetensors", lfs: { oid: sha256("large content") } },
    ]);
  });

  it("ranges, up to the end of the file and not beyond", async () => {
    const range = async (Range: string) => {
      const response = await fetch(`${hub.url}/me/model/resolve/main/w.safetensors`, { headers: { Range } });
      return [response.status, response.headers.get("Content-Range"), await response.text()];
    };
    expect(await range("bytes=6-8")).toEqual([206, "bytes 6-8/13", "con"]);
    expect(await range("bytes=6-")).toEqual([206, "bytes 6-12/13", "content"]);
    expect((await range("bytes=13-20")).slice(0, 2)).toEqual([416, "bytes */13"]);
  });
});
