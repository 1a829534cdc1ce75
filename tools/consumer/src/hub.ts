import { type PublishedFolder, publishFolder, type ResolvedModel, resolveModel } from "@revocab/hub";
import { same } from "./same.js";

export async function hub(): Promise<void> {
  const model = await resolveModel("HuggingFaceTB/SmolLM2-135M", { want: "tables" });
  same<typeof model, ResolvedModel>();
  same<typeof model.directory, string>();
  // @ts-expect-error: a path of this machine is no repository
  void model.repository.commit;
  // @ts-expect-error: what is wanted decides what is downloaded
  await resolveModel("HuggingFaceTB/SmolLM2-135M");
  // @ts-expect-error: no such part of a repository
  await resolveModel("HuggingFaceTB/SmolLM2-135M", { want: "weights" });
  await model.close();

  const published = await publishFolder({
    folder: "out/swapped",
    to: "me/model",
    private: true,
    dryRun: true,
  });
  same<typeof published, PublishedFolder>();
  same<typeof published.commit, string | null>();
  // @ts-expect-error: it says where to
  await publishFolder({ folder: "out/swapped" });
}
