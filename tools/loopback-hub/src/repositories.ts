import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file as the server keeps it. */
export interface StoredFile {
  readonly size: number;
  /** git's sha1: of the content, or of the pointer of a large file. */
  readonly oid: string;
  /** Of a file in large-file storage. */
  readonly sha256?: string;
  /** Of a file in Xet storage. */
  readonly xetHash?: string;
  /** Where its bytes lie. */
  readonly place: string;
}

/**
 * What a test puts into a repository. A file of the disk is served from where it lies; its sha256 is computed unless it
 * is given (a sparse file of 16 GB takes half a minute).
 */
export type FileContent = string | Uint8Array | { readonly file: string; readonly sha256?: string };

export interface Commit {
  readonly oid: string;
  readonly parent: string | undefined;
  readonly title: string;
  readonly description: string;
  readonly files: ReadonlyMap<string, StoredFile>;
}

export interface Repository {
  readonly name: string;
  readonly private: boolean;
  /** The token's owner may write. */
  readonly writable: boolean;
  /** Branch → commit; pull requests are `refs/pr/1`, … */
  readonly branches: Map<string, string>;
  readonly commits: Map<string, Commit>;
  /** Large files that a commit may point to, by sha256: those of its commits, and copies. */
  readonly objects: Map<string, StoredFile>;
  /** Where its large files are stored; they are copied inside a region alone. */
  readonly region: string;
}

export interface RepositoryOptions {
  readonly private?: boolean | undefined;
  readonly writable?: boolean | undefined;
  /** @default "us" */
  readonly region?: string | undefined;
}

export interface Repositories {
  readonly all: ReadonlyMap<string, Repository>;
  create(name: string, options?: RepositoryOptions): Repository;
  /** Commits files on top of what a branch holds. */
  commit(
    repository: Repository,
    branch: string,
    changes: ReadonlyMap<string, StoredFile | undefined>,
    message: { title: string; description?: string },
  ): Commit;
  store(content: FileContent, isLarge: boolean): StoredFile;
}

/** Repositories whose contents lie under `folder`. */
export function repositories(folder: string): Repositories {
  const all = new Map<string, Repository>();
  return {
    all,
    create(name, { private: hidden = false, writable = true, region = "us" } = {}) {
      const kept = { branches: new Map(), commits: new Map(), objects: new Map() };
      const repository = { name, private: hidden, writable, region, ...kept };
      all.set(name, repository);
      return repository;
    },
    commit(repository, branch, changes, { title, description = "" }) {
      const parent = repository.branches.get(branch) ?? repository.branches.get("main");
      const files = new Map(parent === undefined ? [] : repository.commits.get(parent)?.files);
      for (const [path, file] of changes) {
        if (file === undefined) files.delete(path);
        else files.set(path, file);
        if (file?.sha256 !== undefined) repository.objects.set(file.sha256, file);
      }
      const made: Commit = { oid: randomBytes(20).toString("hex"), parent, title, description, files };
      repository.commits.set(made.oid, made);
      repository.branches.set(branch, made.oid);
      return made;
    },
    store(content, isLarge) {
      if (typeof content === "object" && "file" in content) return storeFile(content, isLarge);
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      const place = join(folder, `content-${hash("sha256", bytes)}`);
      writeFileSync(place, bytes);
      return describe(place, bytes.length, isLarge, () => bytes);
    },
  };

  function storeFile({ file, sha256 }: { file: string; sha256?: string }, isLarge: boolean): StoredFile {
    const { size } = statSync(file);
    if (isLarge && sha256 !== undefined) return largeFile(file, size, sha256);
    const bytes = readFileSync(file);
    const place = join(folder, `content-${hash("sha256", bytes)}`);
    copyFileSync(file, place);
    return describe(place, size, isLarge, () => bytes);
  }
}

export function largeFile(place: string, size: number, sha256: string): StoredFile {
  const xetHash = hash("sha256", Buffer.from(`xet ${sha256}`));
  return { size, oid: gitHash(pointerOf(sha256, size)), sha256, xetHash, place };
}

/** What git holds in place of a large file. */
export function pointerOf(sha256: string, size: number): Buffer {
  return Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`);
}

function describe(place: string, size: number, isLarge: boolean, bytes: () => Uint8Array): StoredFile {
  if (isLarge) return largeFile(place, size, hash("sha256", bytes()));
  return { size, oid: gitHash(bytes()), place };
}

function gitHash(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}
