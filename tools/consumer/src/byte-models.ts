import {
  type ByteReader,
  byteReader,
  type ContinuingModel,
  type FittedWeights,
  fitWeights,
  type MixtureScore,
  mixtureReader,
  mixtureScore,
  mixtureWeights,
  type NextByte,
  type Voter,
  type WrittenBytes,
  writeBytes,
} from "@revocab/byte-models";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function together(model: ContinuingModel, other: Voter): Promise<WrittenBytes> {
  const voters: readonly Voter[] = [{ model, tokenizer: await loadTokenizer("sample/model") }, other];
  const prompt = new TextEncoder().encode("Once upon a ti");
  const readers = await Promise.all(voters.map((voter) => byteReader({ ...voter, prompt, tolerance: 1e-4 })));
  same<(typeof readers)[number], ByteReader>();
  // @ts-expect-error: a tokenizer is needed
  await byteReader({ model });

  const documents = ["Once upon a time"];
  const fitted = await fitWeights({ voters, documents, mean: "geometric" });
  same<typeof fitted, FittedWeights>();
  const score = await mixtureScore({ voters, documents, weights: fitted.weights });
  same<typeof score, MixtureScore>();

  const reader = mixtureReader(readers, mixtureWeights(2, [3, 1]), "arithmetic");
  same<Awaited<ReturnType<typeof reader.next>>, NextByte | undefined>();
  return writeBytes({ reader, prompt, temperature: 0.8, topP: 0.9, maxBytes: 100 });
}
