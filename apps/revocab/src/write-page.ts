import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { RevocabError } from "@revocab/core";
import { openFile, replaceFile } from "@revocab/files";
import { ifThere, writeError } from "@revocab/files/internal";
import { type Block, isPage, paragraph } from "@revocab/report-document";

export const PAGE_HELP =
  "also write a page to look at, as one HTML file that loads nothing; replaces an earlier page";

/**
 * Checks that a page can be written at a path, before work that can take hours: nothing is there, or an earlier page.
 * @param out what else the command writes
 * @throws RevocabError `output_exists` for what is no page of revocab's, `write_failed` where there is no folder for it or none
 * that may be written to, `bad_options` for the path of `out`
 */
export async function checkPagePlace(path: string, out?: string): Promise<void> {
  if (out !== undefined && resolve(path) === resolve(out)) {
    throw new RevocabError("bad_options", `--html and --out are both ${path}`, {
      hint: "give the page a path of its own",
    });
  }
  const folder = dirname(path);
  if (!(await ifThere(folder, stat(folder)))) {
    throw new RevocabError("write_failed", `there is no folder ${folder} to write ${path} in`, {
      hint: "make the folder, or check the path",
    });
  }
  await access(folder, constants.W_OK).catch((cause) => {
    throw writeError(path, cause);
  });
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
