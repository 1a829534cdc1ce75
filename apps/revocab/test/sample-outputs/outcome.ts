import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What a command left behind, as it is recorded. */
export interface Outcome {
  readonly exitCode: number | null;
  /** Parsed where it is JSON. */
  readonly stdout: unknown;
  readonly stderr: string;
  /** What it wrote or changed; null for what it removed. */
  readonly files: Readonly<Record<string, unknown>>;
}

/** Seconds differ from run to run, the version from release to release, the folder from machine to machine. */
export function steady(text: string, folder: string, version: string): string {
  return text
    .replaceAll(folder, "<folder>")
    .replaceAll(version, "<version>")
    .replace(/^( *)seconds .*$/gm, "$1seconds …")
    .replace(/(\S) {2,}\d+\.\d$/gm, "$1  …")
    .replace(/("(?:seconds|rowSeconds|(?:tokens|bytes)PerSecond)": )[\d.e+-]+/g, "$1null");
}

/** The files below a folder, each with what changes when it is written again. */
export function filesBelow(folder: string, prefix = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) for (const one of filesBelow(folder, `${name}/`)) files.set(...one);
    else {
      const { ino, size, mtimeNs } = statSync(join(folder, name), { bigint: true });
      files.set(name, `${ino} ${size} ${mtimeNs}`);
    }
  }
  return files;
}

/**
 * A file as it is recorded: JSON and cards that hold wording as they are, a page by its headings, a plan as its metadata and a hash
 * of its tensors, all else as a hash. Rows that onnxruntime has a part in are sampled, vectors are kept.
 */
export function recordFile(path: string, clean: (text: string) => string, usesRuntime: boolean): unknown {
  const bytes = readFileSync(path);
  if (path.endsWith("/revocab.json")) return withShortLists(JSON.parse(clean(bytes.toString())), usesRuntime);
  if (path.endsWith("/README.md")) return clean(bytes.toString());
  if (path.endsWith(".html")) return headingsOf(bytes.toString());
  if (path.endsWith(".plan")) {
    const { metadata, data, tensors } = readSafetensors(bytes);
    const plan = JSON.parse(metadata.plan as string) as unknown;
    return { ...metadata, plan, ...(usesRuntime ? sampled(tensors) : { sha256: sha256(data) }) };
  }
  if (usesRuntime && path.endsWith(".vec")) return bytes.toString();
  if (usesRuntime && path.endsWith("/model.safetensors")) return sampled(readSafetensors(bytes).tensors);
  return sha256(bytes);
}

/** What stands over the sections, tables and charts of a page. */
function headingsOf(page: string): readonly string[] {
  return Array.from(
    page.matchAll(/<(h[1-6]|caption|figcaption)\b[^>]*>(.*?)<\/\1>/gs),
    ([, tag, text]) => `${tag} ${text}`,
  );
}

/**
 * Long lists (ids of equal rows) as their hash: it is known whether they change, and the record can be read. Of a list
 * with figures that onnxruntime has a part in, the length alone.
 */
export function withShortLists(json: unknown, usesRuntime: boolean): unknown {
  if (Array.isArray(json)) {
    const text = JSON.stringify(json);
    if (json.length <= 24 || json.some((item) => typeof item === "string"))
      return json.map((item) => withShortLists(item, usesRuntime));
    return { length: json.length, ...((!usesRuntime || !/\d\.\d/.test(text)) && { sha256: sha256(text) }) };
  }
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, withShortLists(value, usesRuntime)]),
  );
}

interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

function readSafetensors(bytes: Buffer) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(bytes.toString("utf8", 8, start)) as Record<
    string,
    Record<string, unknown>
  >;
  const data = bytes.subarray(start);
  const tensors = Object.entries(entries).map(([name, entry]): Tensor => {
    const { dtype, shape, data_offsets } = entry as unknown as Omit<Tensor, "name"> & {
      data_offsets: [number, number];
    };
    return { name, dtype, shape, bytes: data.subarray(...data_offsets) };
  });
  return { metadata, data, tensors };
}

/** Tables and the parts of a plan by size and by sample; all other tensors by hash. */
function sampled(tensors: readonly Tensor[]): Record<string, unknown> {
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape, bytes }) => {
      const isTable = /embed_tokens|lm_head|\/(weights|basis|dense_rows)$/.test(name);
      return [
        name,
        { dtype, shape, ...(isTable ? bands(numbersOf(dtype, bytes)) : { sha256: sha256(bytes) }) },
      ];
    }),
  );
}

/** Of each fiftieth of the numbers: their root mean square, and a number near its middle beside it. */
function bands(values: Float32Array): { rms: number[]; samples: number[] } {
  const [rms, samples]: [number[], number[]] = [[], []];
  const size = Math.max(1, Math.ceil(values.length / BANDS));
  for (let start = 0; start < values.length; start += size) {
    const band = values.subarray(start, start + size);
    rms.push(rounded(Math.sqrt(band.reduce((sum, x) => sum + x * x, 0) / band.length)));
    samples.push(rounded(band[(17 * start) % band.length] as number));
  }
  return { rms, samples };
}

const BANDS = 50;

function numbersOf(dtype: string, bytes: Buffer): Float32Array {
  const size = dtype === "F32" ? 4 : 2;
  return Float32Array.from({ length: bytes.length / size }, (_, i) =>
    size === 4 ? bytes.readFloatLE(4 * i) : bf16(bytes.readUInt16LE(2 * i)),
  );
}

function bf16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

const scratch = new DataView(new ArrayBuffer(4));

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
