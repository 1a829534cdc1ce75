import type { FileMark } from "@revocab/files";

/** A file that is read by position: on the disk, or in a place that answers for ranges of bytes. */
export interface ReadableFile {
  readonly bytes: number;
  /** What it was when it was opened; for a file on the disk. */
  readonly mark?: FileMark;
  /**
   * Fills `into` with the bytes from `position`.
   * @throws RevocabError `bad_safetensors` when the file ends before `into` is full
   */
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** Where the weight files of a model folder are read from; the folder's small files always lie on the disk. */
export interface FileSource {
  /**
   * The names of the files in a folder.
   * @throws RevocabError `missing_file`
   */
  list(directory: string): Promise<readonly string[]>;
  /** @throws RevocabError `missing_file` */
  open(path: string): Promise<ReadableFile>;
}
