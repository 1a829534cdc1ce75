import { PbfWriter } from "pbf";
import {
  type Attribute,
  ELEMENT,
  type Graph,
  type GraphInitializer,
  type GraphNode,
  type GraphPort,
} from "./graph.ts";

/** The first set with RMSNormalization, RotaryEmbedding and Attention as standard operators. */
const OPSET_VERSION = 23;
const IR_VERSION = 11;

/**
 * Writes a graph as an ONNX model, the protocol buffer that runtimes read.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the field numbers
 */
export function encodeModel(graph: Graph): Uint8Array {
  const model = new PbfWriter();
  model.writeVarintField(1, IR_VERSION);
  model.writeStringField(2, "revocab");
  model.writeMessage(7, writeGraph, graph);
  model.writeMessage(8, (version, pbf) => pbf.writeVarintField(2, version), OPSET_VERSION);
  return model.finish();
}

function writeGraph({ nodes, initializers, inputs, outputs }: Graph, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, "revocab");
  for (const initializer of initializers) pbf.writeMessage(5, writeTensor, initializer);
  for (const port of inputs) pbf.writeMessage(11, writePort, port);
  for (const port of outputs) pbf.writeMessage(12, writePort, port);
}

function writeNode({ operator, inputs, outputs, attributes }: GraphNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(4, operator);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
}

function writeAttribute([name, attribute]: readonly [string, Attribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if ("float" in attribute) {
    pbf.writeFloatField(2, attribute.float);
    pbf.writeVarintField(20, 1);
  } else if ("int" in attribute) {
    pbf.writeVarintField(3, attribute.int);
    pbf.writeVarintField(20, 2);
  } else if ("string" in attribute) {
    pbf.writeBytesField(4, new TextEncoder().encode(attribute.string));
    pbf.writeVarintField(20, 3);
  } else {
    for (const value of attribute.ints) pbf.writeVarintField(8, value);
    pbf.writeVarintField(20, 7);
  }
}

function writeTensor({ name, type, shape, content }: GraphInitializer, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, ELEMENT[type]);
  pbf.writeStringField(8, name);
  if (content instanceof Uint8Array) {
    pbf.writeBytesField(9, content);
    return;
  }
  for (const entry of Object.entries(content)) pbf.writeMessage(13, writeEntry, entry);
  pbf.writeVarintField(14, 1);
}

function writeEntry([key, value]: readonly [string, string | number], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, String(value));
}

function writePort({ name, type, shape }: GraphPort, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_, typeProto) => typeProto.writeMessage(1, writeTensorType, { type, shape }), 0);
}

function writeTensorType({ type, shape }: Omit<GraphPort, "name">, pbf: PbfWriter): void {
  pbf.writeVarintField(1, ELEMENT[type]);
  pbf.writeMessage(
    2,
    (sizes, shapeProto) => {
      for (const size of sizes) shapeProto.writeMessage(1, writeSize, size);
    },
    shape,
  );
}

function writeSize(size: number | string, pbf: PbfWriter): void {
  if (typeof size === "number") pbf.writeVarintField(1, size);
  else pbf.writeStringField(2, size);
}
