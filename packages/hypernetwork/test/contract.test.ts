import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mean, withFallback } from "@revocab/embedding-init";
import { hypernetwork, hypernetworkEntry } from "@revocab/hypernetwork";
import { describeMethodContract } from "@revocab/test-support/contract";
import { describeEntryContract } from "@revocab/test-support/entry-contract";
import { afterAll } from "vitest";
import { writeContractNetwork } from "./method-folder.ts";

describeEntryContract(hypernetworkEntry, { hypernetwork: "folder" });

const directory = mkdtempSync(join(tmpdir(), "revocab-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
writeContractNetwork(directory);

// One method for all claims: each new one would load the weights again.
const whole = hypernetwork({ directory });
const inPairs = hypernetwork({ directory, batch: 2 });
describeMethodContract("hypernetwork", () => whole);
describeMethodContract("hypernetwork, two forms at a time, else mean", () => withFallback(inPairs, mean()));
