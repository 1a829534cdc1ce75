import { type FileHandle, lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { checkMark, type FileMark, markOf } from "./file-mark.ts";
import { ifThere } from "./if-there.ts";
import { insideFolder } from "./inside-folder.ts";
import { type OpenOptions, openFile, type ReadOptions, wholeOf } from "./open-file.ts";

/**
 * A folder whose files go into a result. Only its own regular files are opened ({@link insideFolder}, {@link openFile}),
 * and each is remembered, so that the result is discarded if one changed meanwhile.
 */
export class InputFolder {
  /** As it was given. */
  readonly path: string;
  readonly #marks = new Map<string, FileMark>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens a file for reading.
   * @param name relative to the folder
   * @throws RevocabError `missing_file` for no file; `bad_file` for one that may not be read, is no regular file, or is a link that leads out of
   *   the folder or to nothing
   */
  async open(name: string, options: OpenOptions = {}): Promise<FileHandle> {
    const handle = await openFile(await insideFolder(this.path, name, options), options);
    try {
      this.remember(name, await markOf(handle));
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * All bytes of a file.
   * @throws RevocabError as {@link open} does, and `bad_file` when it is larger than `most`
   */
  async read(name: string, options: ReadOptions): Promise<Buffer> {
    return wholeOf(await this.open(name, options), resolve(this.path, name), options);
  }

  /** {@link read}, or undefined where the folder has nothing of this name. */
  async readIfThere(name: string, options: ReadOptions): Promise<Buffer | undefined> {
    return (await this.has(name)) ? this.read(name, options) : undefined;
  }

  /** Whether there is something of this name, be it a link to nothing. */
  async has(name: string): Promise<boolean> {
    const path = resolve(this.path, name);
    return (await ifThere(path, lstat(path))) !== undefined;
  }

  /** Remembers a file that was opened elsewhere, as it was then. What is known of it already stays. */
  remember(name: string, mark: FileMark): void {
    const path = resolve(this.path, name);
    if (!this.#marks.has(path)) this.#marks.set(path, mark);
  }

  /** @throws RevocabError `file_changed` for the first file that is not what it was when it was first opened */
  async check(): Promise<void> {
    for (const [path, mark] of this.#marks) await checkMark(path, mark);
  }
}
