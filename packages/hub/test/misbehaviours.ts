import type { Fault, FaultRule } from "@revocab/loopback-hub";
import { randomStream } from "@revocab/matrix";

/** A whole number below a bound. */
export type Dice = (sides: number) => number;

/** The same throws for the same seed and round. */
export function diceOf(seed: number, round: number): Dice {
  const { uniform } = randomStream(seed, round);
  return (sides) => Math.floor(uniform() * sides);
}

/** How a Hub misbehaves at one of its addresses, once or for ever; `other` is where it has nothing to send anyone. */
export function misbehaviour(dice: Dice, other: string): FaultRule {
  const pick = <T>(...values: readonly T[]): T => values[dice(values.length)] as T;
  const header = (): Record<string, string> =>
    pick<Record<string, string>>(
      { Link: pick(`<${other}/next>; rel="next"`, "<>; rel=next", "<http://>; rel=next", "garbage") },
      { Location: pick(`${other}/there`, "http://", "file:///etc/passwd", "data:,x", "/", "//[", "\u00ff") },
      { ETag: pick('"0"', `"${"f".repeat(40)}"`, `"${"f".repeat(64)}"`, "W/") },
      { "X-Linked-ETag": pick("x", `"${"e".repeat(64)}"`) },
      { "Content-Range": pick("bytes */0", "bytes 0-1/2", "bytes 5-4/9007199254740993", "lines 1-2/3") },
      { "Content-Encoding": pick("gzip", "br", "deflate", "gzip, gzip", "zip") },
      { "Retry-After": pick("0", "-1", "999999999999", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT") },
      { "X-Request-Id": "\u009b31m", "X-Error-Code": "\u00ff".repeat(500) },
    );
  const anywhere: readonly (() => Fault)[] = [
    () => ({
      kind: "status",
      status: pick(
        ...[204, 205, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 409, 412, 416, 429, 500, 503, 599],
      ),
      headers: { ...header(), ...header() },
      error: pick("", "no", "<html>", "\u001b[2J\u0007\n\u202e", "x".repeat(100_000), `hf_${"a".repeat(34)}`),
    }),
    () => ({ kind: "cut", after: 0 }),
    () => ({ kind: "headers", headers: header() }),
    () => ({ kind: "headers", headers: header() }),
    () => pick<Fault>({ kind: "silent" }, { kind: "trickle", milliseconds: 1 }),
    () => ({ kind: "bomb", bytes: pick(0, 1e5, 5e6), status: pick(200, 206, 404, 503) }),
    () => ({
      kind: "answer",
      body: pick("", "null", "[]", "{}", "[[]]", "\u0000", '"', "<html>", "[".repeat(50_000)),
    }),
  ];
  const json: readonly (() => Fault)[] = Array.from({ length: 8 }, () => () => ({
    kind: "mutate",
    change: (body) => mutated(body, dice),
  }));
  const file: readonly (() => Fault)[] = [
    () => ({ kind: "cut", after: pick(1, 100, 70_000, 1_000_000) }),
    () => ({ kind: "shorten", by: pick(1, 1000, 1e9) }),
    () => pick<Fault>({ kind: "ignore-range" }, { kind: "corrupt" }),
    () => ({ kind: "etag", etag: pick("", '"', `"${"0".repeat(64)}"`, `"${"0".repeat(40)}"`) }),
  ];
  const next = (): Fault => ({
    kind: "next-page",
    href: pick(`${other}/api/x`, "https://127.0.0.1:1/", "", "http://[", "\u00ff"),
  });
  const uploadTo = (): Fault => ({
    kind: "upload-to",
    href: pick(`${other}/upload`, "", "file:///etc/passwd", "http://[", "x".repeat(9999)),
  });
  const [path, faults] = pick<readonly [RegExp, readonly (() => Fault)[]]>(
    [/\/revision\//, [...anywhere, ...json]],
    [/\/tree\//, [...anywhere, ...json, next, next]],
    [/\/tree\//, [...json, ...json, next]],
    [/\/resolve\//, [...anywhere, ...file]],
    [/^\/read\//, [...anywhere, ...file]],
    [/\/whoami|\/repos\/create/, [...anywhere, ...json]],
    [/\/preupload\//, [...anywhere, ...json]],
    [/\/objects\/batch/, [...anywhere, ...json, uploadTo, uploadTo]],
    [/^\/upload\//, [...anywhere, () => ({ kind: "cut", after: pick(1, 100_000) })]],
    [/\/commit\//, [...anywhere, ...json, () => ({ kind: "lose-answer" })]],
  );
  return { path, times: pick(1, 1, 2, 1000), fault: pick(...faults)() };
}

/** JSON with one to three changes: in what it says, or in its bytes. */
function mutated(body: string, dice: Dice): string {
  if (dice(5) === 0) {
    const at = dice(body.length + 1);
    return body.slice(0, at) + ["", "\u0000", '"', "}", "\ud800", ","][dice(6)] + body.slice(at + dice(20));
  }
  const holder = { value: JSON.parse(body) as unknown };
  for (let changes = 1 + dice(3); changes > 0; changes--) changeOne(holder, dice);
  return JSON.stringify(holder.value) ?? "";
}

function changeOne(root: { value: unknown }, dice: Dice): void {
  const places: [Record<string, unknown>, string][] = [];
  const walk = (holder: Record<string, unknown>) => {
    for (const key of Object.keys(holder)) {
      places.push([holder, key]);
      const value = holder[key];
      if (typeof value === "object" && value !== null) walk(value as Record<string, unknown>);
    }
  };
  walk(root);
  const [holder, key] = places[dice(places.length)] as [Record<string, unknown>, string];
  if (dice(8) === 0) delete holder[key];
  else holder[key] = VALUES[dice(VALUES.length)];
}

const VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 0.5, 2 ** 53, 1e300, "", "x", "x".repeat(5000), [], {}, [null], { a: [] }],
  ...[
    "../../evil",
    "/etc/passwd",
    "C:\\evil",
    "a/../b",
    "con",
    "\u001b[2J\u0007",
    "\u202egnp.exe",
    "\ud800",
    "a\nb",
  ],
  ...[
    "0".repeat(40),
    "0".repeat(64),
    "file:///etc/passwd",
    "http://127.0.0.1:1/",
    "config.json",
    "CONFIG.JSON",
  ],
  ...["model.safetensors", "file", "directory", "lfs", "write", { __proto__: null, error: { code: 1e9 } }],
];
