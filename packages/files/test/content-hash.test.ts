import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { expect, it } from "vitest";
import { hashContent, promisedHash } from "../src/content-hash.ts";

const scratch = scratchFolders();
/** `printf 'hello\n' | sha256sum`, and `| git hash-object --stdin` */
const SHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const GIT_SHA1 = "ce013625030ba8dba906f756967f9e9ca394464a";

it("a file is hashed as sha256sum and git do it", async () => {
  const path = join(scratch(), "file");
  writeFileSync(path, "hello\n");
  expect(await hashContent(path, "sha256")).toBe(SHA256);
  expect(await hashContent(path, "git-sha1")).toBe(GIT_SHA1);
});

it.skipIf(process.platform === "win32")(
  "a snapshot of the cache promises the hash its blob is named by; nothing else does",
  async () => {
    const folder = scratch();
    const [blobs, snapshot] = [
      join(folder, "models--org--name/blobs"),
      join(folder, "models--org--name/snapshots/main"),
    ];
    mkdirSync(blobs, { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    for (const name of [SHA256, GIT_SHA1, "0123", "etag"]) {
      writeFileSync(join(blobs, name), "hello\n");
      symlinkSync(`../../blobs/${name}`, join(snapshot, name));
    }
    expect(await promisedHash(join(snapshot, SHA256))).toEqual({ algorithm: "sha256", hex: SHA256 });
    expect(await promisedHash(join(snapshot, GIT_SHA1))).toEqual({ algorithm: "git-sha1", hex: GIT_SHA1 });
    writeFileSync(join(folder, SHA256), "");
    for (const path of [
      join(snapshot, "0123"),
      join(snapshot, "etag"),
      join(snapshot, "none"),
      join(folder, SHA256),
    ]) {
      expect(await promisedHash(path), path).toBeUndefined();
    }
  },
);
