import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { RevocabError } from "@revocab/core";
import { openFile, replaceFile } from "@revocab/files";
import { ifThere } from "@revocab/files/internal";
import { type Block, isPage, paragraph } from "@revocab/report-document";

export const PAGE_HELP =
  "also write a page to look at, as one HTML file that loads nothing; replaces an earlier page";

/**
 * Checks that a page can be written at a path, before work that can take hours: nothing is there, or an earlier page.
 * @throws RevocabError `output_exists` for what is no page of revocab's, `write_failed` where there is no folder for it
 */
export async function checkPagePlace(path: string): Promise<void> {
  if (!(await ifThere(dirname(path), stat(dirname(path))))) {
    throw new RevocabError("write_failed", `there is no folder ${dirname(path)} to write ${path} in`, {
      hint: "make the folder, or check the path",
    });
  }
  const found = await ifThere(path, stat(path));
  if (found !== undefined && !(found.isFile() && isPage(await startOf(path)))) {
    throw new RevocabError("output_exists", `${path} exists already, and is no page of revocab`, {
      hint: "choose another --html, or remove what is there",
    });
  }
}

/**
 * Writes a page, whole or not at all; an earlier page gives way.
 * @throws RevocabError as {@link checkPagePlace}, `no_space`, `write_failed`
 */
export async function writePage(path: string, page: string): Promise<void> {
  await checkPagePlace(path);
  await replaceFile(path, (write) => write(Buffer.from(page)));
}

/** The line that names a written page. */
export function pageLines(path: string | undefined): readonly Block[] {
  return path === undefined ? [] : [paragraph(`Page written to ${path}`)];
}

async function startOf(path: string): Promise<string> {
  const file = await openFile(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START), 0, START, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Bytes within which a page says that it is one. */
const START = 4096;
