import { libraryOf } from "./card-metadata.ts";
import type { SwapReport } from "./report.ts";

type Facts = Pick<SwapReport, "source" | "card" | "architecture" | "chatTemplate">;

const PATH = 'path = "."  # this folder, or the name of its repository on the Hub';

/** How a reader of the card opens the model, in Python: with the library and the class that it is for. */
export function usageOf(report: Facts): string {
  const library = libraryOf(report);
  if (library === "model2vec")
    return embedding("from model2vec import StaticModel", "StaticModel.from_pretrained(path)");
  if (library === "sentence-transformers")
    return embedding("from sentence_transformers import SentenceTransformer", "SentenceTransformer(path)");
  const architecture = report.architecture ?? "";
  if (/(ForCausalLM|LMHeadModel)$/.test(architecture)) return generation(report.chatTemplate.from !== "none");
  if (architecture.endsWith("ForMaskedLM")) return filling();
  return opening(/^[A-Z]\w{1,100}$/.test(architecture) ? architecture : "AutoModel");
}

function embedding(imported: string, opened: string): string {
  return [imported, "", PATH, `model = ${opened}`, 'print(model.encode(["Hello"]).shape)'].join("\n");
}

function generation(isChat: boolean): string {
  const inputs = isChat
    ? `tokenizer.apply_chat_template(
    [{"role": "user", "content": "Hello"}], add_generation_prompt=True, return_dict=True, return_tensors="pt"
)`
    : 'tokenizer("Hello", return_tensors="pt")';
  return [
    opening("AutoModelForCausalLM"),
    `inputs = ${inputs}`,
    "print(tokenizer.decode(model.generate(**inputs, max_new_tokens=30)[0]))",
  ].join("\n");
}

function filling(): string {
  return [
    "from transformers import pipeline",
    "",
    PATH,
    'fill = pipeline("fill-mask", model=path)',
    'print(fill(f"Hello {fill.tokenizer.mask_token}")[0]["sequence"])',
  ].join("\n");
}

function opening(model: string): string {
  return [
    `from transformers import ${["AutoTokenizer", model].sort().join(", ")}`,
    "",
    PATH,
    "tokenizer = AutoTokenizer.from_pretrained(path)",
    `model = ${model}.from_pretrained(path)`,
  ].join("\n");
}
