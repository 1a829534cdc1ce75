import { renderText } from "@revocab/report-document";
import { expect, it } from "vitest";
import type { MachineReport } from "../src/examine-machine.ts";
import { presentMachine } from "../src/present/present-machine.ts";

const REPORT: MachineReport = {
  version: "1.2.3",
  node: "v22.13.0",
  platform: "linux-x64",
  threads: 2,
  memory: { total: 8e9, available: 4e9 },
  temporaryFolder: { path: "/tmp", free: 9e9 },
  tokenizers: true,
  runtime: { kind: "native", devices: ["cpu"] },
  neighborIndex: true,
  hub: { endpoint: "https://hub", offline: false, hasToken: false, cache: null, owner: null },
  faults: [],
};

it("nothing is called there that is not: work goes on without an index", () => {
  expect(renderText(presentMachine(REPORT))).toMatch(/\nEverything is there\n/);
  expect(renderText(presentMachine({ ...REPORT, neighborIndex: false }))).toMatch(
    /index of neighbors {2}none: [\s\S]*\nAll that work needs is there\n/,
  );
});
