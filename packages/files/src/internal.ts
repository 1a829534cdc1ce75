/** What other packages of revocab share; it may change at any time. */
export { promisedHash, startHash } from "./content-hash.ts";
export { compareMarks, markOf } from "./file-mark.ts";
export { requireFreeSpace } from "./free-space.ts";
export { ifThere } from "./if-there.ts";
export { insideFolder } from "./inside-folder.ts";
export { asFileError, namingFile } from "./naming-file.ts";
export { putInPlace } from "./replace-file.ts";
export { type ReservedPath, type RunPlace, reservePath, takeOverLeftovers } from "./run-lock.ts";
export { openScratchFile, type ScratchFile } from "./scratch-file.ts";
export { removeUnfinished, trackUnfinished } from "./track-unfinished.ts";
export { writeError } from "./write-error.ts";
