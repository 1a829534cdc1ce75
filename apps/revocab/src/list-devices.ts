import { availableDevices } from "@revocab/onnx";

// a process of its own: the drivers that are tried here write to stderr as they like, and may end the process
process.stdout.write(JSON.stringify(await availableDevices()));
