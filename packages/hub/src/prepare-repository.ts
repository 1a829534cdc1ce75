import { createBranch, createRepo, HubApiError, modelInfo } from "@huggingface/hub";
import { RevocabError, throwIfAborted } from "@revocab/core";
import { unusable } from "@revocab/http/internal";
import { askUploadModes } from "./ask-upload-modes.ts";
import { type HubClient, type HubOptions, hubClient } from "./hub-client.ts";
import { type AccessToken, type HubSettings, hubSettings } from "./hub-settings.ts";
import { listRepository } from "./list-repository.ts";
import { checkRepositoryName } from "./model-reference.ts";
import { whatBecomesOf } from "./other-files.ts";
import type { PublishOptions } from "./published-folder.ts";
import { requireWriter } from "./require-writer.ts";
import { askOwner, type TokenOwner } from "./token-owner.ts";

/**
 * Checks what can be known before a folder is written: the name, that there is a token which may write to the repository or
 * create it, and that a private repository would not be a public one. Nothing is changed there; what will become of its files is a note.
 * @throws RevocabError `bad_options`, `hub_denied`, `hub_unreachable`, `hub_failed`
 */
export async function checkPublisher(
  options: Pick<PublishOptions, "to" | "private" | keyof HubOptions>,
): Promise<void> {
  const settings = options.settings ?? hubSettings();
  const repository = checkRepositoryName(options.to);
  requireToken(settings);
  const client = hubClient(settings, options);
  const mayCreate = await requireWriter(client, repository);
  const isPrivate = await visibilityOf(client, repository);
  if (isPrivate === undefined) return mayCreate();
  if (options.private === true && !isPrivate) throw isPublic(repository);
  // asked about a file that every model has
  await askUploadModes(client, repository, "main", [{ path: "config.json", size: 2, sample: "e30=" }]);
  const { files } = await listRepository(client, repository, "main");
  const message = whatBecomesOf(repository, files);
  if (message !== undefined) options.job?.onProgress?.({ type: "note", step: "hub", message });
}

/**
 * Asks the Hub whose token there is, and what it may do.
 * @throws RevocabError `bad_options` offline; `hub_denied` without a token, or with one that the Hub does not know; `hub_unreachable`,
 *   `hub_failed`
 */
export async function tokenOwner(options: HubOptions = {}): Promise<TokenOwner> {
  const settings = options.settings ?? hubSettings();
  requireToken(settings);
  return askOwner(hubClient(settings, options));
}

/** @throws RevocabError `bad_options` offline, `hub_denied` without a token */
export function requireToken({ offline, token }: HubSettings): AccessToken {
  if (offline) {
    throw new RevocabError("bad_options", "HF_HUB_OFFLINE is set: nothing can be published", {
      hint: "unset it, and TRANSFORMERS_OFFLINE",
    });
  }
  if (token !== undefined) return token;
  throw new RevocabError("hub_denied", "publishing needs an access token, and there is none", {
    hint: "set HF_TOKEN to a token with write access, or run hf auth login",
  });
}

/** Creates the repository unless it exists; says whether it is new. */
export async function prepareRepository(
  client: HubClient,
  repository: string,
  options: PublishOptions,
): Promise<boolean> {
  const parameters = { ...client.parameters, accessToken: client.parameters.accessToken ?? "" };
  await requireWriter(client, repository);
  const isPrivate = await visibilityOf(client, repository);
  if (isPrivate !== undefined) {
    if (options.private === true && !isPrivate) throw isPublic(repository);
    return false;
  }
  if (options.pullRequest) {
    throw new RevocabError(
      "hub_missing",
      `${repository} does not exist: there is nothing to open a pull request against`,
      {
        hint: "leave the pull request out, and the repository is created",
      },
    );
  }
  if (options.dryRun) return true;
  throwIfAborted(options.job?.abortSignal);
  return client.during(`creating ${repository}`, async () => {
    const visibility = options.private ? { visibility: "private" as const } : {};
    try {
      await createRepo({ ...parameters, repo: repository, ...visibility });
      return true;
    } catch (error) {
      if (!(error instanceof HubApiError) || error.statusCode !== 409) throw error;
      // it came to be since it was looked for, perhaps by this very request, whose answer was lost
      if (options.private === true && !(await visibilityOf(client, repository))) throw isPublic(repository);
      return false;
    }
  });
}

/** Whether a repository is private; undefined when there is none. */
function visibilityOf(client: HubClient, repository: string): Promise<boolean | undefined> {
  return client.during(`looking up ${repository}`, () =>
    modelInfo({ ...client.parameters, name: repository, revision: "main" }).then(
      ({ private: isPrivate }: { readonly private: unknown }) => {
        if (typeof isPrivate === "boolean") return isPrivate;
        throw unusable(`${client.settings.endpoint} does not say whether ${repository} is private`);
      },
      (error: unknown) => {
        if (error instanceof HubApiError && error.statusCode === 404) return undefined;
        throw error;
      },
    ),
  );
}

function isPublic(repository: string): RevocabError {
  return new RevocabError(
    "bad_options",
    `${repository} exists and is public, but a private one was requested`,
    {
      hint: "make it private on its settings page first, or choose another name",
    },
  );
}

/** The revision that the commit follows; a branch that does not exist is created. */
export async function startOf(
  client: HubClient,
  repository: string,
  { branch = "main", pullRequest, dryRun, job }: PublishOptions,
): Promise<string> {
  if (branch === "main") return branch;
  const exists = await client.during(`looking up ${repository}@${branch}`, () =>
    modelInfo({ ...client.parameters, name: repository, revision: branch }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof HubApiError && error.statusCode === 404) return false;
        throw error;
      },
    ),
  );
  if (exists) return branch;
  if (dryRun) return "main";
  if (pullRequest) {
    throw new RevocabError(
      "hub_missing",
      `${repository} has no branch ${branch} to open a pull request against`,
    );
  }
  throwIfAborted(job?.abortSignal);
  await client.during(`creating the branch ${branch} of ${repository}`, () =>
    createBranch({ ...client.parameters, repo: repository, branch }).catch((error: unknown) => {
      if (!(error instanceof HubApiError && error.statusCode === 409)) throw error;
    }),
  );
  return branch;
}
