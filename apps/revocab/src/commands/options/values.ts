import { type Command, InvalidArgumentError, Option } from "commander";

/** Collects a repeatable KEY=VALUE option. */
export function collectPairs(value: string, previous: Record<string, string> = {}): Record<string, string> {
  const split = value.indexOf("=");
  if (split <= 0) throw new InvalidArgumentError("expected KEY=VALUE.");
  return { ...previous, [value.slice(0, split)]: value.slice(split + 1) };
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    }
    return number;
  };
}

/** A number between two bounds, both included. */
export function numberWithin(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === "" || !(number >= least && number <= most)) {
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}.`);
    }
    return number;
  };
}

/** A number above zero. */
export function positiveNumber(value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError("expected a number above 0.");
}

/** `--threads` of a command that starts threads; `runCommand` puts it into the command's job. */
export function withThreads(
  command: Command,
  help = "threads of the kernel and the runtime (all cores); the tokenizers library obeys RAYON_NUM_THREADS",
): Command {
  return command.option("--threads <n>", help, wholeNumber(1));
}

/** `--memory`, `--device` and `--dtype` of a command that runs a model; `runCommand` puts them into the command's job. */
export function withRunning(command: Command): Command {
  return command
    .option(
      "--memory <size>",
      "memory to run the model in, as 8GB or 1500MB; a larger model is run layer by layer (half of what is free)",
      bytes,
    )
    .option(
      "--device <name>",
      "where the model is computed: webgpu, cuda, coreml, dml, or what else the runtime has here (cpu)",
      device,
    )
    .addOption(
      new Option("--dtype <type>", "what the model's weights are multiplied in (f32)")
        .choices(DTYPES)
        .argParser(dtype),
    );
}

const DTYPES = ["f32", "f16"];

/** Names of devices in other programs, and what they are here. */
const OTHER_DEVICES: Readonly<Record<string, string>> = {
  mps: "coreml or webgpu",
  metal: "coreml or webgpu",
  gpu: "cuda, coreml, dml or webgpu",
  directml: "dml",
  auto: "cuda, coreml, dml or webgpu, or leave it out for the CPU",
};

function device(value: string): string {
  const [, name = "", index] = /^([^:]*)(?::(\d+))?$/.exec(value) ?? [];
  const meant = Object.hasOwn(OTHER_DEVICES, name) ? OTHER_DEVICES[name] : index && name;
  if (meant === undefined) return value;
  throw new InvalidArgumentError(`expected a name without a number, such as ${meant}.`);
}

/** As other programs write them, too. */
const OTHER_DTYPES: Readonly<Record<string, string>> = {
  float32: "f32",
  fp32: "f32",
  float: "f32",
  float16: "f16",
  fp16: "f16",
  half: "f16",
};

function dtype(value: string): string {
  const name = value.replace(/^torch\./, "");
  if (DTYPES.includes(name)) return name;
  if (Object.hasOwn(OTHER_DTYPES, name)) return OTHER_DTYPES[name] as string;
  throw new InvalidArgumentError(
    `Allowed choices are ${DTYPES.join(", ")}: what the model is computed in. It is written in its own type.`,
  );
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A number of bytes: 8GB, 1500MB, 7.5GiB. */
export function bytes(value: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([KMGT]i?|)B?$/i.exec(value) ?? [];
  const name = Object.keys(UNITS).find((each) => each.toLowerCase() === unit?.toLowerCase());
  if (number === undefined || name === undefined || Number(number) === 0) {
    throw new InvalidArgumentError("expected a size as 8GB, 1500MB or 7.5GiB.");
  }
  return Math.floor(Number(number) * UNITS[name]);
}
