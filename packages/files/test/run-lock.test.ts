import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceFile } from "@revocab/files";
import { reservePath, takeOverLeftovers } from "@revocab/files/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { afterEach, describe, expect, it, vi } from "vitest";

const scratch = scratchFolders();
const isLinux = process.platform === "linux";
const MARK = "r0123456789";
const DEAD = 999_999_999;
const HOUR = 3_600_000;

const placeIn = (folder: string) => ({ folder, before: ".out.partial-" });
const removeLeft = (folder: string) =>
  takeOverLeftovers(placeIn(folder), (path) => rm(path, { recursive: true, force: true }));
const age = (path: string, by: number) => {
  const time = (Date.now() - by) / 1000;
  utimesSync(path, time, time);
};

/** An unfinished path of a run that is described by what this process writes of itself, changed. */
async function leave(folder: string, change: object, silent = 0): Promise<string> {
  const own = await reservePath(placeIn(folder));
  const said = JSON.parse(readFileSync(`${own.path}.owner`, "utf8")) as object;
  await own.release();
  return leaveText(folder, JSON.stringify({ ...said, ...change }), silent);
}

function leaveText(folder: string, text: string, silent = 0): string {
  const path = join(folder, `.out.partial-${MARK}`);
  mkdirSync(path);
  writeFileSync(join(path, "file"), "half");
  writeFileSync(`${path}.owner`, text);
  age(`${path}.owner`, silent);
  return path;
}

const children: ChildProcess[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function program(...args: string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL("run-lock-program.mjs", import.meta.url)), args, { execArgv: [] });
  children.push(child);
  return child;
}

async function killedOwner(folder: string): Promise<string> {
  const child = program("own", folder, ".out.partial-");
  const [path] = (await once(child, "message")) as [string];
  child.kill("SIGKILL");
  await once(child, "exit");
  return path;
}

describe("what a run writes", () => {
  it("stays while the run lasts, and leaves nothing beside it when it is released", async () => {
    const folder = scratch();
    const child = program("own", folder, ".out.partial-");
    const [path] = (await once(child, "message")) as [string];
    const own = await reservePath(placeIn(folder));
    writeFileSync(own.path, "half");
    await removeLeft(folder);
    expect(readdirSync(folder).sort()).toEqual(
      [own.path, path].flatMap((each) => [basename(each), `${basename(each)}.owner`]).sort(),
    );
    await own.release();
    expect(readdirSync(folder)).not.toContain(`${basename(own.path)}.owner`);
  });

  it.runIf(isLinux)(
    "goes at once when its process on this machine is gone, with what says whose it was",
    async () => {
      const folder = scratch();
      await killedOwner(folder);
      expect(readdirSync(folder)).toHaveLength(2);
      await removeLeft(folder);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.runIf(isLinux)("goes at once when another process has its number now", async () => {
    const folder = scratch();
    await leave(folder, { process: process.ppid, started: "1" });
    await removeLeft(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(isLinux)("goes at once when its process is a zombie: ended, but still listed", async () => {
    const folder = scratch();
    // a shell that becomes another program never asks how its child ended
    const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(parent);
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const zombie = Number(said.toString());
    const fields = () =>
      readFileSync(`/proc/${zombie}/stat`, "latin1")
        .replace(/^.*\) /s, "")
        .split(" ");
    await expect.poll(() => fields()[0], { timeout: 10_000 }).toBe("Z");
    await leave(folder, { process: zombie, started: fields()[19] });
    await removeLeft(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  const elsewhere = [
    ["on another machine", { host: "elsewhere", process: DEAD }],
    ["before the machine was started again, or on a clone of it", { boot: "another", process: DEAD }],
    ["in another container", { namespaces: "pid:[1] time:[1]", process: DEAD }],
    ["where the system tells nothing", { boot: null, namespaces: null, started: null, process: DEAD }],
  ] as const;

  it.each(elsewhere)("%s stays while its owner file is written anew", async (_, run) => {
    const folder = scratch();
    const path = await leave(folder, run, 10 * 60_000);
    await removeLeft(folder);
    expect(readdirSync(path)).toEqual(["file"]);
  });

  it.each(elsewhere)("%s goes after a long silence", async (_, run) => {
    const folder = scratch();
    await leave(folder, run, HOUR);
    await removeLeft(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is told by the disk's clock: one of this machine that is a year ahead or behind changes nothing", async () => {
    for (const ahead of [365 * 24 * HOUR, -365 * 24 * HOUR]) {
      const folder = scratch();
      const path = await leave(folder, { host: "elsewhere" });
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ahead });
      await removeLeft(folder);
      expect(readdirSync(path)).toEqual(["file"]);
      vi.useRealTimers();
      age(`${path}.owner`, HOUR);
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ahead });
      await removeLeft(folder);
      vi.useRealTimers();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("is seen to go on by other machines: its owner file gets the time again and again", async () => {
    const folder = scratch();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const own = await reservePath(placeIn(folder));
    const said = readFileSync(`${own.path}.owner`, "utf8");
    for (let beat = 0; beat < 3; beat++) {
      age(`${own.path}.owner`, HOUR);
      const before = lstatSync(`${own.path}.owner`).mtimeMs;
      vi.advanceTimersByTime(60_000);
      await expect.poll(() => lstatSync(`${own.path}.owner`).mtimeMs).toBeGreaterThan(before + HOUR / 2);
      expect(readFileSync(`${own.path}.owner`, "utf8")).toBe(said);
    }
    rmSync(`${own.path}.owner`);
    await vi.advanceTimersByTimeAsync(60_000);
    await own.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.platform === "win32")(
    "is seen to go on even when its owner file can no longer be written to",
    async () => {
      const folder = scratch();
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      const own = await reservePath(placeIn(folder));
      const file = `${own.path}.owner`;
      rmSync(file);
      mkdirSync(file);
      age(file, HOUR);
      vi.advanceTimersByTime(60_000);
      await expect.poll(() => lstatSync(file).mtimeMs).toBeGreaterThan(Date.now() - HOUR / 2);
      rmdirSync(file);
      await own.release();
    },
  );

  it("does not hold up the end of the program", () => {
    const code = `import { reservePath } from "@revocab/files/internal"; await reservePath({ folder: process.argv[1], before: "x" });`;
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    execFileSync(process.execPath, ["--input-type=module", "-e", code, scratch()], { cwd, timeout: 60_000 });
  });
});

describe("an owner file that is not understood", () => {
  const run = { format: "revocab-run-1", host: "h", boot: "b", namespaces: "n", process: 1, started: "1" };
  it.each([
    ["no JSON", "not json"],
    ["JSON that is cut short", JSON.stringify(run).slice(0, -5)],
    ["another format", JSON.stringify({ ...run, format: "revocab-run-2" })],
    ["a process number that is none", JSON.stringify({ ...run, process: -1 })],
    ["a host that is no text", JSON.stringify({ ...run, host: { toString: 1 } })],
    ["a list", "[]"],
    ["null", "null"],
    ["deep JSON", `${"[".repeat(1000)}${"]".repeat(1000)}`],
    ["more than such a file has", JSON.stringify({ ...run, more: "x".repeat(10_000) })],
  ])("(%s) has its path stay, however old it is", async (_, text) => {
    const folder = scratch();
    const path = leaveText(folder, text, 1000 * HOUR);
    await removeLeft(folder);
    expect(readdirSync(path)).toEqual(["file"]);
    expect(readFileSync(`${path}.owner`, "utf8")).toBe(text);
  });

  it.skipIf(process.platform === "win32")(
    "(a pipe, a folder, none) is not waited for, and has its path stay",
    async () => {
      for (const make of [(file: string) => execFileSync("mkfifo", [file]), mkdirSync, () => {}]) {
        const folder = scratch();
        const path = leaveText(folder, "", 1000 * HOUR);
        rmSync(`${path}.owner`);
        make(`${path}.owner`);
        await removeLeft(folder);
        expect(readdirSync(path)).toEqual(["file"]);
      }
    },
  );

  it("but is empty, as a power cut leaves it, counts by its time", async () => {
    const folder = scratch();
    const path = leaveText(folder, "");
    await removeLeft(folder);
    expect(readdirSync(path)).toEqual(["file"]);
    age(`${path}.owner`, HOUR);
    await removeLeft(folder);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("what earlier versions left, with a process number alone", () => {
  it.each([
    ["of a process that runs here", process.pid, 48 * HOUR, true],
    ["changed an hour ago, as its process may run elsewhere", DEAD, HOUR, true],
    ["silent for two days", DEAD, 48 * HOUR, false],
  ])("(%s)", async (_, id, silent, stays) => {
    const folder = scratch();
    const path = join(folder, `.out.partial-${id}-0123abcd`);
    mkdirSync(path);
    writeFileSync(join(path, "file"), "half");
    age(join(path, "file"), silent);
    age(path, 48 * HOUR);
    await removeLeft(folder);
    expect(readdirSync(folder)).toEqual(stays ? [basename(path)] : []);
  });
});

describe("what cannot be taken over stays, and stops nobody", () => {
  it.each(["EPERM", "EACCES", "EBUSY", "ENOTDIR", "ENOTEMPTY"])("(%s)", async (code) => {
    const folder = scratch();
    const path = await leave(folder, { host: "elsewhere" }, HOUR);
    await takeOverLeftovers(placeIn(folder), () => Promise.reject(Object.assign(new Error(code), { code })));
    expect(readdirSync(path)).toEqual(["file"]);
    expect(readdirSync(folder)).toContain(`${basename(path)}.owner`);
  });

  if (isLinux && process.getuid?.() === 0) {
    it("(it is another user's, in a folder that all share)", async () => {
      const folder = scratch();
      await killedOwner(folder);
      const names = readdirSync(folder);
      chmodSync(folder, 0o1777);
      await unprivileged(() => removeLeft(folder));
      expect(readdirSync(folder)).toEqual(names);
    });
  }

  it("but any other failure is told", async () => {
    const folder = scratch();
    await leave(folder, { host: "elsewhere" }, HOUR);
    const failed = Object.assign(new Error("EIO"), { code: "EIO" });
    await expect(takeOverLeftovers(placeIn(folder), () => Promise.reject(failed))).rejects.toBe(failed);
  });

  if (process.platform !== "win32") {
    it("(the time of the disk cannot be asked for, as no file can be written)", async () => {
      const folder = scratch();
      const path = await leave(folder, { host: "elsewhere" }, HOUR);
      chmodSync(folder, 0o555);
      await unprivileged(() => removeLeft(folder));
      chmodSync(folder, 0o755);
      expect(readdirSync(path)).toEqual(["file"]);
    });

    it("(the folder cannot be listed): a file in it is replaced all the same", async () => {
      const folder = scratch();
      chmodSync(folder, 0o333);
      await unprivileged(() => replaceFile(join(folder, "text"), (into) => into(Buffer.from("x"))));
      chmodSync(folder, 0o755);
      expect(readdirSync(folder)).toEqual(["text"]);
    });
  }
});

/** As a user whom the modes of files and folders bind, which they do not root. */
async function unprivileged(work: () => Promise<unknown>): Promise<void> {
  if (process.getuid?.() !== 0) return void (await work());
  process.seteuid!(65_534);
  try {
    await work();
  } finally {
    process.seteuid!(0);
  }
}

it("names of others stay, whatever they resemble", async () => {
  const folder = scratch();
  const names = [
    ".out.partial-12345678",
    `.out.partial-x${MARK}`,
    `.out.partial-${MARK}.txt`,
    `.other.partial-${DEAD}-01234567`,
    `.out.partial-${DEAD}-0123456x`,
  ];
  for (const name of names) {
    writeFileSync(join(folder, name), "");
    age(join(folder, name), 1000 * HOUR);
  }
  await removeLeft(folder);
  expect(readdirSync(folder).sort()).toEqual([...names].sort());
});

it.runIf(isLinux)(
  "of two processes that find the same left path, one gets it, and none is stopped by the other",
  async () => {
    const folder = scratch();
    const left: string[] = [];
    for (let i = 0; i < 3; i++) left.push(await killedOwner(folder));
    const racers = [1, 2].map(() => program("take", folder, ".out.partial-"));
    await Promise.all(racers.map((racer) => once(racer, "message")));
    const results = racers.map((racer) => once(racer, "message"));
    for (const racer of racers) racer.send("go");
    const taken = (await Promise.all(results)).flatMap(([paths]) => paths as string[]);
    expect(taken.sort()).toEqual(left.sort());
    const names = readdirSync(folder);
    expect(names).toHaveLength(3);
    expect(names.every((name) => name.includes("-taken-"))).toBe(true);
  },
);

it.runIf(isLinux)("replaceFile removes what a killed run left of the same file", async () => {
  const folder = scratch();
  const child = program("own", folder, ".text.revocab-partial-");
  await once(child, "message");
  const write = () => replaceFile(join(folder, "text"), (into) => into(Buffer.from("x")));
  await write();
  expect(readdirSync(folder)).toHaveLength(3);
  child.kill("SIGKILL");
  await once(child, "exit");
  await write();
  expect(readdirSync(folder)).toEqual(["text"]);
});
