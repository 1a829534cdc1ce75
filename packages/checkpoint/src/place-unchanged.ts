import { constants } from "node:fs";
import { copyFile, link, rm } from "node:fs/promises";

/**
 * Brings a file that stays as it is to `target` without moving its bytes: a hard link where asked, else a reflink.
 * Undefined where the file system can do neither; then the bytes have to be copied.
 */
export async function placeUnchanged(
  source: string,
  target: string,
  mayLink: boolean,
): Promise<"linked" | "cloned" | undefined> {
  if (mayLink && (await succeeds(link(source, target)))) return "linked";
  if (await succeeds(copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE))) {
    return "cloned";
  }
  await rm(target, { force: true });
  return undefined;
}

async function succeeds(action: Promise<void>): Promise<boolean> {
  try {
    await action;
    return true;
  } catch {
    return false;
  }
}
