import { list, paragraph, section, type Text, type TextDocument, table } from "@revocab/report-document";
import type { Fault, HubAccess, MachineReport } from "../examine-machine.ts";

/** What this machine can do, and for each fault what mends it. */
export function presentMachine(report: MachineReport): TextDocument {
  const { version, node, platform, threads, memory, temporaryFolder, tokenizers, neighborIndex, faults } =
    report;
  return {
    blocks: [
      table([
        ["revocab", version],
        ["Node", `${node} on ${platform}`],
        ["threads", String(threads)],
        ["memory", `${gigabytes(memory.total)}, ${gigabytes(memory.available)} of it available`],
        ["temporary files", `${temporaryFolder.path}, ${roomOf(temporaryFolder.free)}`],
        ["tokenizers", tokenizers ? "work" : "do not work"],
        ["running models", runtimeText(report)],
        [
          "index of neighbors",
          neighborIndex
            ? "hnswlib-node"
            : "none: every row is compared, which is slow beyond 200,000 rows (hnswlib-node)",
        ],
        ["the Hub", hubText(report.hub)],
      ]),
      ...(faults.length === 0
        ? [paragraph(neighborIndex ? "Everything is there" : "All that work needs is there")]
        : [section("What is missing", list(faults.map(faultText)))]),
    ],
  };
}

function runtimeText({ runtime: { kind, devices } }: MachineReport): string {
  if (kind === "none")
    return "none: eval, generate, compare and heal, and methods that run a model, do not work";
  const name = kind === "native" ? "onnxruntime-node" : "onnxruntime-web (WebAssembly: slower, 4 GB at most)";
  return `${name}, on ${devices.join(", ")}`;
}

function hubText({ endpoint, offline, hasToken, cache, owner }: HubAccess): string {
  if (endpoint === null) return "its settings are wrong";
  if (offline) return `not asked (HF_HUB_OFFLINE), the cache ${cache?.path} alone`;
  const rights = owner === null ? "a token" : `the token of ${owner.name} (${roleText(owner.role)})`;
  return `${endpoint} with ${hasToken ? rights : "no token"}; cache ${cache?.path}`;
}

function roleText(role: string | null): string {
  if (role === null) return "the server does not say what it may do";
  if (role === "read") return "it may only read: publishing needs one that may write";
  return role === "fineGrained"
    ? "fine-grained: what it may do differs between repositories"
    : `role ${role}`;
}

function faultText({ isEssential, message, mend }: Fault): Text {
  return `${isEssential ? "nothing works before this is mended: " : ""}${message} → ${mend}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function roomOf(free: number | null): string {
  return free === null ? "which cannot be used" : `${gigabytes(free)} free`;
}
