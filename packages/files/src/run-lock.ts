import { randomBytes } from "node:crypto";
import { constants, readFileSync, readlinkSync } from "node:fs";
import { lstat, lutimes, open, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ifThere } from "./if-there.ts";
import { readWhole } from "./open-file.ts";
import { parseJson } from "./parse-json.ts";

/** Names of unfinished files: FOLDER/BEFORE + id of the run + AFTER. */
export interface RunPlace {
  readonly folder: string;
  readonly before: string;
  /** @default "" */
  readonly after?: string;
  /** The id in names of earlier versions; its first group is the process number. @default NUMBER-RANDOM */
  readonly oldMark?: RegExp;
}

/** A path that other runs leave alone until it is released. */
export interface ReservedPath {
  readonly path: string;
  /** To be called when what was written is in its place, or gone. */
  release(): Promise<void>;
}

/**
 * Reserves a new path for this run. A small file beside it (`PATH.owner`) says which process writes it, and is written
 * anew every half minute, so that a run on another machine of a shared disk knows that this one goes on.
 * @throws errors of the system, when the folder cannot be written to
 */
export async function reservePath({ folder, before, after = "" }: RunPlace): Promise<ReservedPath> {
  const path = join(folder, `${before}r${randomBytes(5).toString("hex")}${after}`);
  const file = ownerFileOf(path);
  const content = Buffer.from(JSON.stringify({ format: FORMAT, ...THIS_RUN }));
  try {
    await writeInto(file, content, constants.O_CREAT | constants.O_EXCL);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  const heart = setInterval(() => {
    writeInto(file, content)
      // it cannot be written to: its time by this machine's clock is better than none
      .catch(() => lutimes(file, new Date(), new Date()))
      // other machines wait for many beats before they take the path, so the next ones make up for this one
      .catch(() => {});
  }, BEAT_EVERY);
  heart.unref();
  return {
    path,
    async release() {
      clearInterval(heart);
      await rm(file, { force: true });
    },
  };
}

/**
 * Hands over what ended runs left at a place, one path after the other: `take` removes it or moves it away. What a run
 * still writes stays. So does what nothing is known of (a path without an owner file, or with one that is not understood),
 * and what the system does not let this user look at or take: a leftover is no reason to stop the work.
 * @throws what `take` throws, but for a path that is gone or that may not be touched
 */
export async function takeOverLeftovers(
  place: RunPlace,
  take: (path: string) => Promise<unknown>,
): Promise<void> {
  const { folder, before, after = "", oldMark = /^(\d+)-[0-9a-f]{8}$/ } = place;
  const names = await readdir(folder).catch(() => []);
  const marks = names.map((name) => markIn(name, before, after)).filter((mark) => mark !== undefined);
  let time: Promise<number> | undefined;
  const now = () => (time ??= timeOfDisk(place));
  for (const mark of new Set(marks)) {
    const path = join(folder, `${before}${mark}${after}`);
    const oldProcess = oldMark.exec(mark)?.[1];
    const isLeft = MARK.test(mark)
      ? hasEndedRun(path, now)
      : oldProcess !== undefined && hasEndedOldRun(path, Number(oldProcess), now);
    // where this cannot be told (the disk is full, a folder is closed to this user), the path stays
    if (!(await Promise.resolve(isLeft).catch(() => false))) continue;
    try {
      await take(path);
      if ((await ifThere(path, lstat(path))) === undefined) await rm(ownerFileOf(path), { force: true });
    } catch (error) {
      if (!LEFT_BEHIND.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

/**
 * Another run was faster; the path belongs to another user; a program holds it. After EPERM, `rm` of Node 20 tries the path
 * as a folder, and throws what that gives.
 */
const LEFT_BEHIND: ReadonlySet<string> = new Set([
  "ENOENT",
  "EPERM",
  "EACCES",
  "EBUSY",
  "ENOTDIR",
  "ENOTEMPTY",
]);

export function ownerFileOf(path: string): string {
  return `${path}${OWNER}`;
}

const OWNER = ".owner";
const FORMAT = "revocab-run-1";
/** Short, as a file's name has at most 255 bytes; its `r` tells it from the process numbers of earlier versions. */
const MARK = /^r[0-9a-f]{10}$/;
const BEAT_EVERY = 30_000;
/**
 * Milliseconds without a beat after which a run on another machine counts as ended. Thirty beats: a busy event loop misses
 * some, and NFS shows a change up to a minute late. What the limit costs is that a killed run's files lie there longer.
 */
const LONGEST_SILENCE = 15 * 60_000;
/** Earlier versions had no heartbeat, and could train for hours before they wrote the next file. */
const LONGEST_SILENCE_OF_OLD = 24 * 60 * 60_000;

/** The mark in the name of an unfinished path or of its owner file, which may have survived it. */
function markIn(name: string, before: string, after: string): string | undefined {
  const unfinished = name.endsWith(OWNER) ? name.slice(0, -OWNER.length) : name;
  const isOurs = unfinished.startsWith(before) && unfinished.endsWith(after);
  return isOurs ? unfinished.slice(before.length, unfinished.length - after.length) : undefined;
}

/**
 * The time by the clock that stamps files there, in ms. The clocks of the machines that share a disk differ, so the age of a file
 * is told by a file that was just written, never by this machine's clock.
 */
async function timeOfDisk(place: RunPlace): Promise<number> {
  const { path, release } = await reservePath(place);
  try {
    return (await lstat(ownerFileOf(path))).mtimeMs;
  } finally {
    await release();
  }
}

async function hasEndedRun(path: string, now: () => Promise<number>): Promise<boolean> {
  const file = ownerFileOf(path);
  const owner = await readOwner(file);
  if (owner === undefined) return false;
  if (owner !== "unwritten" && isHere(owner)) return hasEnded(owner);
  const stats = await ifThere(file, lstat(file));
  return stats !== undefined && (await now()) - stats.mtimeMs > LONGEST_SILENCE;
}

/** The process number in the name may be another machine's: what was changed within a day stays. */
async function hasEndedOldRun(path: string, id: number, now: () => Promise<number>): Promise<boolean> {
  if (isRunning(id)) return false;
  const changed = await lastChange(path);
  return changed !== undefined && (await now()) - changed > LONGEST_SILENCE_OF_OLD;
}

/** When a file, or the latest one below a folder, was changed, in ms. */
async function lastChange(path: string): Promise<number | undefined> {
  const stats = await ifThere(path, lstat(path));
  if (!stats?.isDirectory()) return stats?.mtimeMs;
  const below = (await ifThere(path, readdir(path))) ?? [];
  const times = await Promise.all(below.map((name) => lastChange(join(path, name))));
  return Math.max(stats.mtimeMs, ...times.map((time) => time ?? 0));
}

/** A process, as far as the system tells. Linux does; elsewhere a run is known by its heartbeat alone. */
interface Run {
  readonly host: string;
  /** Another one after each start of the machine. */
  readonly boot: string | null;
  /** Containers count their processes, and their time, each from its own start. */
  readonly namespaces: string | null;
  readonly process: number;
  /** In clock ticks since the machine's start: tells the process from a later one with its number. */
  readonly started: string | null;
}

const THIS_RUN: Run = {
  host: hostname(),
  boot: orNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()),
  namespaces: orNull(() => ["pid", "time"].map((name) => readlinkSync(`/proc/self/ns/${name}`)).join(" ")),
  process: process.pid,
  started: startOf(process.pid),
};

/** Whether this process can look for the other one. */
function isHere({ host, boot, namespaces }: Run): boolean {
  return (
    boot !== null &&
    namespaces !== null &&
    host === THIS_RUN.host &&
    boot === THIS_RUN.boot &&
    namespaces === THIS_RUN.namespaces
  );
}

function hasEnded({ process: id, started }: Run): boolean {
  if (!isRunning(id)) return true;
  const found = startOf(id);
  return started !== null && found !== null && found !== started;
}

/** A process that has ended, and whose parent has not asked how, is still listed: a zombie (Z). */
function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  return fieldsOf(id)?.[0] !== "Z";
}

function startOf(id: number): string | null {
  return fieldsOf(id)?.[19] ?? null;
}

/**
 * The fields of /proc/ID/stat from the third on: the state first, the start time twentieth. The second field is the
 * program's name in parentheses, which may hold anything.
 */
function fieldsOf(id: number): readonly string[] | null {
  return orNull(() => {
    const text = readFileSync(`/proc/${id}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  });
}

/** What the system does not tell, or not to us, is null. */
function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/**
 * What an owner file says; undefined when there is none or it is not understood. One without content was left by a power
 * cut, or is about to be written: its time alone counts.
 */
async function readOwner(file: string): Promise<Run | "unwritten" | undefined> {
  try {
    const text = (await readWhole(file, { most: MOST_BYTES })).toString("utf8");
    if (text === "") return "unwritten";
    const found = parseJson(text, { origin: file, code: "bad_file", deepest: 1 });
    return isRun(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

const MOST_BYTES = 4096;

function isRun(found: unknown): found is Run {
  if (typeof found !== "object" || found === null) return false;
  const { format, host, boot, namespaces, process: id, started } = found as Record<string, unknown>;
  const isTold = (value: unknown) => value === null || typeof value === "string";
  return (
    format === FORMAT &&
    typeof host === "string" &&
    [boot, namespaces, started].every(isTold) &&
    Number.isSafeInteger(id) &&
    (id as number) > 0
  );
}

/** Writes the whole of a small file. The disk's own clock stamps it, which setting its times would not have it do. */
async function writeInto(file: string, content: Buffer, flags = 0): Promise<void> {
  // a link in the place of the file is not followed, where the system can tell
  const handle = await open(file, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0) | flags);
  try {
    await handle.write(content, 0, content.length, 0);
  } finally {
    await handle.close();
  }
}
