import { type FileHandle, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { type ContentHash, type FileMark, openFile } from "@revocab/files";
import { compareMarks, insideFolder, markOf, startHash } from "@revocab/files/internal";

/** A file's hash in hex by each algorithm that the Hub knows a content by. */
export type Hashes = Readonly<Record<ContentHash["algorithm"], string>>;

/** An open file of a folder that is published. */
export interface SeenFile {
  readonly handle: FileHandle;
  readonly bytes: number;
  /** @throws RevocabError `file_changed` when it is not what it was when the folder's file was first opened */
  check(): Promise<void>;
}

export interface ReadOptions {
  /** Bytes at the file's beginning that are read. @default all */
  readonly end?: number | undefined;
  /** Called with each block, which is overwritten afterwards. */
  readonly onBlock?: (block: Buffer) => void;
  readonly job?: Job;
}

const BLOCK_BYTES = 1 << 20;

/**
 * A folder that is published. What is sent must be what was checked: each file is remembered as it was when it was first
 * opened, and compared with that at every later opening and reading.
 */
export class SeenFolder {
  /** As it was given. */
  readonly path: string;
  readonly #marks = new Map<string, FileMark>();
  readonly #hashes = new Map<string, Hashes>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens a file of the folder; links are followed inside it.
   * @param name relative to the folder, with `/`
   * @throws RevocabError `file_changed`; `bad_file` for a link that leads out of the folder, to a hidden file, to a folder
   *   or to nothing; `missing_file`
   */
  async open(name: string, hint = HINT): Promise<SeenFile> {
    const handle = await openFile(await this.#placeOf(name), { hint });
    try {
      const mark = await markOf(handle);
      this.#remember(name, mark);
      const check = async () => this.#remember(name, await markOf(handle));
      return { handle, bytes: Number(mark.bytes), check };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Reads a file from its beginning.
   * @returns the hashes of what was read; those of a whole file are remembered
   * @throws RevocabError as {@link open} does, also when the file changes while it is read; `aborted`
   */
  async read(name: string, { end, onBlock, job }: ReadOptions = {}): Promise<Hashes> {
    const { handle, bytes, check } = await this.open(name);
    try {
      const length = Math.min(bytes, end ?? bytes);
      const sha256 = startHash("sha256", length);
      const sha1 = startHash("git-sha1", length);
      const buffer = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, length));
      for (let done = 0; done < length; ) {
        throwIfAborted(job?.abortSignal);
        const { bytesRead } = await handle.read(buffer, 0, Math.min(BLOCK_BYTES, length - done), done);
        if (bytesRead === 0) throw this.#changed(name, `it ended at byte ${done} of ${bytes}`);
        const block = buffer.subarray(0, bytesRead);
        sha256.update(block);
        sha1.update(block);
        onBlock?.(block);
        done += bytesRead;
      }
      await check();
      const hashes = { sha256: sha256.digest("hex"), "git-sha1": sha1.digest("hex") };
      if (length < bytes) return hashes;
      const before = this.#hashes.get(name) ?? hashes;
      if (before.sha256 !== hashes.sha256) throw this.#changed(name, "it has another content");
      this.#hashes.set(name, hashes);
      return hashes;
    } finally {
      await handle.close();
    }
  }

  /** The hashes of a file that was read to its end, as it was then. */
  hashesOf(name: string): Hashes | undefined {
    return this.#hashes.get(name);
  }

  /**
   * Checks the header of a safetensors file.
   * @returns how many bytes it has, with the 8 that say its length
   * @throws RevocabError `bad_safetensors`, and as {@link open} does
   */
  async headerOf(name: string): Promise<number> {
    const { dataStart, mark } = await readSafetensorsHeader(await this.#placeOf(name));
    if (mark !== undefined) this.#remember(name, mark);
    return dataStart;
  }

  #remember(name: string, mark: FileMark): void {
    const before = this.#marks.get(name);
    if (before === undefined) this.#marks.set(name, mark);
    else compareMarks(name, before, mark);
  }

  #changed(name: string, how: string): RevocabError {
    return new RevocabError("file_changed", `${showText(name, 200)} changed while it was read: ${how}`, {
      hint: "try again when nothing else writes to the folder",
    });
  }

  /** Where the content of a file of the folder is, through links inside the folder. */
  async #placeOf(name: string): Promise<string> {
    const place = await insideFolder(this.path, name);
    const way = relative(await realpath(this.path), place).split(sep);
    const isHidden = way[0] !== ".." && way.some((part) => part.startsWith("."));
    const what = isHidden ? "a hidden file" : (await stat(place)).isDirectory() ? "a folder" : undefined;
    if (what === undefined) return place;
    throw new RevocabError("bad_file", `${showText(name)} in ${showText(this.path)} is a link to ${what}`, {
      hint: HINT,
    });
  }
}

const HINT = "take it out of the folder, or put a copy of what is meant in its place";

/** A file that is published. */
export interface FolderFile {
  /** Inside the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * All files of a folder but hidden ones, in the order of their names. Links to files are followed inside the folder; one
 * that leads out of it, to a hidden file or to a folder is refused: it was hardly meant to be published.
 * @throws RevocabError `bad_file` for such a link; `missing_file` for a link to nothing, for what is no file, and for what
 *   cannot be read; `file_changed`
 */
export async function folderFiles(folder: SeenFolder, below = ""): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const directory = join(folder.path, below);
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw new RevocabError("missing_file", `${showText(directory)} cannot be listed (${code})`, {
      hint: "check the path, and that the folder may be read",
      cause,
    });
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      files.push(...(await folderFiles(folder, path)));
      continue;
    }
    const { handle, bytes } = await folder.open(path);
    await handle.close();
    files.push({ path, bytes });
  }
  return files;
}
