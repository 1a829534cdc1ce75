import { constants } from "node:fs";
import { copyFile, link, realpath, rm } from "node:fs/promises";

/**
 * Brings a file that stays as it is to `target` without moving its bytes: a hard link where `link` says so, else a reflink.
 * Undefined where the file system can do neither; then the bytes have to be copied.
 */
export async function placeUnchanged(
  source: string,
  target: string,
  mayLink: boolean,
): Promise<"linked" | "cloned" | undefined> {
  // A link to a link (the hub's cache is made of them) would point nowhere from its new folder.
  if (mayLink && (await succeeds(realpath(source).then((path) => link(path, target))))) return "linked";
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
