import { availableDevices, loadOnnxRuntime } from "@revocab/onnx";
import { productSpeed, requireDevice } from "@revocab/onnx/internal";
import { afterEach, describe, expect, it, vi } from "vitest";

const NO_ADAPTER =
  "/source/webgpu_context.cc:136 Initialize() status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n\n";

/** The runtime with two more devices: `broken-…` does not start, `loud-…` would need libraries. */
async function withBroken(name: string) {
  const runtime = await loadOnnxRuntime();
  const create = runtime.InferenceSession.create.bind(runtime.InferenceSession);
  vi.spyOn(runtime, "listSupportedBackends").mockReturnValue([
    { name: "cpu", bundled: true },
    { name, bundled: true },
    { name: "loud", bundled: false },
  ]);
  return vi.spyOn(runtime.InferenceSession, "create").mockImplementation(async (model, options) => {
    if (String(options.executionProviders) !== "cpu") throw new Error(NO_ADAPTER);
    return create(model, options);
  });
}

afterEach(() => vi.restoreAllMocks());

describe("the devices of this machine", () => {
  it("are the CPU, and others that multiply a matrix here", async () => {
    const [first, ...others] = await availableDevices();
    expect(first).toBe("cpu");
    for (const device of others) await requireDevice(device, "f32");
  });

  it("lack one that does not start, and one whose libraries are not brought is not even tried", async () => {
    const create = await withBroken("broken-listed");
    expect(await availableDevices()).toEqual(["cpu"]);
    expect(create.mock.calls.map(([, { executionProviders }]) => executionProviders)).toEqual([
      ["broken-listed"],
    ]);
  });
});

describe("a device", () => {
  it("that does not start is refused with the reason, and with those that do", async () => {
    await withBroken("broken-named");
    await expect(requireDevice("broken-named", "f32")).rejects.toMatchObject({
      code: "bad_options",
      message:
        "the device broken-named cannot multiply matrices in f32 on this machine: Failed to get a WebGPU adapter: No supported adapters",
      hint: "give a `device` that this machine has in f32: cpu (loud with libraries that onnxruntime-node does not bring)",
    });
  });

  it("that is tried again is not started again", async () => {
    const create = await withBroken("broken-twice");
    for (let i = 0; i < 2; i++) await expect(requireDevice("broken-twice", "f32")).rejects.toThrow();
    expect(create).toHaveBeenCalledTimes(1);
  });

  it("that the runtime does not know is refused with those that it knows", async () => {
    await expect(requireDevice("quantum", "f32")).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/no device quantum in onnxruntime-node for .*; it knows cpu\b/),
      hint: expect.stringMatching(/has in f32: cpu\b/),
    });
  });

  it.each(["f32", "f16"] as const)("has a speed in %s", async (dtype) => {
    expect(await productSpeed({ device: "cpu", dtype, threads: 1 })).toBeGreaterThan(0);
  });
});
