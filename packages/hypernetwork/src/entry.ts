import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { z } from "zod";
import { hypernetwork } from "./hypernetwork.ts";

/** The method in the catalog: its name on the command line and in recipes is `hypernetwork`. */
export const hypernetworkEntry: MethodEntry = methodEntry("hypernetwork", {
  summary:
    "Each new token becomes the row that a hypernetwork, trained for the source model, predicts from the token's spelling.",
  paper: "https://arxiv.org/abs/2405.07883",
  evidence: "a ZeTT hypernetwork of the source model",
  options: z.object({
    hypernetwork: z.string().min(1).describe("its folder: config.json, safetensors, tokenizer.json"),
    language: z
      .string()
      .min(1)
      .optional()
      .describe("the language of the target, where the hypernetwork asks"),
    batch: numberOption(z.number().int().min(1).optional())
      .optional()
      .describe("tokens that are predicted at once; as many as 256 MB hold when not given"),
  }),
  create: ({ hypernetwork: directory, language, batch }) =>
    hypernetwork({
      directory,
      ...(language !== undefined && { language }),
      ...(batch !== undefined && { batch }),
    }),
});
