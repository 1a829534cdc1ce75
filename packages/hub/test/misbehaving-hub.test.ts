import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import { AccessToken, type HubOptions, publishFolder, resolveModel, type Wanted } from "@revocab/hub";
import { type LoopbackHub, startLoopbackHub } from "@revocab/loopback-hub";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { expect, it } from "vitest";
import { sampleFiles } from "./hub-place.ts";
import { type Dice, diceOf, misbehaviour } from "./misbehaviours.ts";
import { swappedFolders } from "./swapped-folder.ts";

/** By hand: HUB_ROUNDS=20000 HUB_SEED=7 npx vitest run packages/hub/test/misbehaving-hub */
const ROUNDS = Number(process.env.HUB_ROUNDS ?? 250);
const SEED = Number(process.env.HUB_SEED ?? 1);
/** What no round takes, even on a machine that does other things. */
const HANG = 30_000;

const LANES = 6;
const WANTED: readonly Wanted[] = ["model", "model", "tables", "tokenizer", "any"];
const WEIGHTS = readFileSync(join(SAMPLE_MODEL, "model.safetensors"));
const swapped = swappedFolders();

it(
  "a Hub that misbehaves gets no token astray, hangs nothing, writes nowhere else, and has nothing wrong taken for right",
  async () => {
    const folder = swapped();
    const outcomes = new Set<string>();
    // most of a round is waiting for a server that is silent or slow
    await Promise.all(Array.from({ length: LANES }, (_, lane) => playLane(lane, folder, outcomes)));
    // the campaign reaches what it is about: some rounds end well, and failures are of many kinds
    expect([...outcomes]).toEqual(
      expect.arrayContaining([
        "done",
        "hub_failed",
        "hub_unreachable",
        "hub_damaged",
        "hub_missing",
        "hub_denied",
      ]),
    );
  },
  ROUNDS * HANG,
);

/** Every LANES-th round, with a Hub of its own. */
async function playLane(lane: number, folder: string, outcomes: Set<string>): Promise<void> {
  const hub = await startLoopbackHub({ pageSize: 3 });
  const other = await startLoopbackHub();
  for (const one of [hub, other]) one.add("org/model", sampleFiles());
  try {
    for (let round = lane; round < ROUNDS; round += LANES) {
      const dice = diceOf(SEED, round);
      const rules = Array.from({ length: 1 + dice(2) }, () => misbehaviour(dice, other.url));
      hub.behave();
      for (const rule of rules) hub.misbehave(rule);
      const { outcome, complaints } = await playRound(dice, hub, folder, `me/model-${round}`);
      const strangers = [...other.requests, ...hub.requests.filter(({ server }) => server === "storage")];
      if (strangers.some(({ authorized }) => authorized)) complaints.push("the token went astray");
      const shown = rules.map(({ path, ...rule }) => `${path.source} ${JSON.stringify(rule).slice(0, 300)}`);
      expect(complaints, `HUB_SEED=${SEED}, round ${round}: ${shown.join("; ")}`).toEqual([]);
      outcomes.add(outcome);
    }
  } finally {
    await Promise.all([hub.close(), other.close()]);
  }
}

async function playRound(
  dice: Dice,
  hub: LoopbackHub,
  folder: string,
  name: string,
): Promise<{ outcome: string; complaints: string[] }> {
  const root = mkdtempSync(join(tmpdir(), "revocab-misbehaving-"));
  const cacheDirectory = join(root, "cache");
  mkdirSync(cacheDirectory);
  const token = new AccessToken(hub.token, "the test");
  const options: HubOptions = {
    settings: { endpoint: hub.url, token, cacheDirectory, offline: false },
    attempts: 2,
    firstDelay: 1,
    limits: { ...LIMITS },
  };
  const complaints: string[] = [];
  try {
    const work =
      dice(3) === 0 ? publish(hub, folder, name, options, complaints) : resolve(dice, options, complaints);
    const outcome = await withinTime(work).catch((error: unknown) => {
      complaints.push(...faultsOf(error, hub.token));
      return error instanceof RevocabError ? error.code : "no RevocabError";
    });
    if (readdirSync(root).join() !== "cache") complaints.push("something was written outside the cache");
    return { outcome, complaints };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Hardly any patience: what takes a minute with a real Hub takes a moment here. */
const LIMITS = {
  ...{ answerTime: 150, workTime: 300, stallTime: 60, lowestRate: 1e5 },
  ...{ patience: 2000, answerBytes: 1e6, pages: 20 },
};

/** Downloads; what comes must be the model's own weights. */
async function resolve(dice: Dice, options: HubOptions, complaints: string[]): Promise<string> {
  const want = WANTED[dice(WANTED.length)] as Wanted;
  const model = await resolveModel("org/model", { ...options, want });
  const name = "model.safetensors";
  if (want === "model" && !readFileSync(join(model.directory, name)).equals(WEIGHTS)) {
    complaints.push("other weights were taken for the model's");
  }
  if (model.weights !== undefined) {
    try {
      const file = await model.weights.open(join(model.directory, name));
      await file.read(Buffer.alloc(100_000), 1000);
    } finally {
      await model.close();
    }
  }
  return "done";
}

/** Publishes; what is there then must be the folder. */
async function publish(
  hub: LoopbackHub,
  folder: string,
  to: string,
  options: HubOptions,
  complaints: string[],
): Promise<string> {
  const { commit } = await publishFolder({ ...options, folder, to });
  const files = hub.repository(to)?.commits.get(commit ?? "")?.files;
  for (const name of readdirSync(folder)) {
    const place = files?.get(name)?.place;
    if (place === undefined || !readFileSync(place).equals(readFileSync(join(folder, name)))) {
      complaints.push(`${name} was published as something else`);
    }
  }
  return "done";
}

async function withinTime(work: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("hangs")), HANG);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What is wrong with a failure. */
function faultsOf(error: unknown, token: string): string[] {
  if (!(error instanceof RevocabError))
    return [`an untyped error: ${error instanceof Error ? error.stack : error}`];
  const text = `${error.message} ${error.hint ?? ""}`;
  return [
    ...(text.includes(token) ? ["the token is in the message"] : []),
    ...(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text)
      ? [`the message holds control characters: ${JSON.stringify(text)}`]
      : []),
    ...(text.length > 1200 ? [`the message has ${text.length} characters`] : []),
    ...(error.code === "aborted" ? ["nothing was stopped, and it says so"] : []),
  ];
}
