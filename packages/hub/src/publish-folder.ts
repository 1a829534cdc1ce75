import { throwIfAborted } from "@revocab/core";
import { unusable } from "@revocab/http/internal";
import { checkPublished, differences } from "./check-published.ts";
import { carefulCommit, commitFolder, isCommit, type Uploads } from "./commit-folder.ts";
import { gatedFolder } from "./gated-folder.ts";
import { hubClient } from "./hub-client.ts";
import { hubSettings } from "./hub-settings.ts";
import { isCommitId, listRepository } from "./list-repository.ts";
import { checkRepositoryName } from "./model-reference.ts";
import { keptFiles, staleFiles } from "./other-files.ts";
import { prepareRepository, requireToken, startOf } from "./prepare-repository.ts";
import type { PublishedFolder, PublishOptions } from "./published-folder.ts";
import { hasMoved, messageOf, notLookedAt } from "./publishing-messages.ts";
import { refuseSecrets, refuseSecretTexts, requireAllowed } from "./refuse-secrets.ts";
import { folderFiles, SeenFolder } from "./seen-folder.ts";

/**
 * Publishes a model folder as one commit or pull request, and checks afterwards that the Hub has what the folder has.
 * In an existing repository, files of an earlier model (weights, tokenizer) are deleted and others stay.
 *
 * @throws RevocabError `gate_failed` for a folder that did not pass the gate; `bad_options`; `hub_denied`, `hub_missing`,
 *   `hub_failed`, `hub_unreachable`; `hub_damaged` when the Hub has something else than the folder; `file_changed`
 *   when a file changed since it was looked at, and `aborted`: then nothing was committed
 */
export async function publishFolder(options: PublishOptions): Promise<PublishedFolder> {
  const { folder, to, branch = "main", pullRequest = false, dryRun = false, allowFiles = [], job } = options;
  const settings = options.settings ?? hubSettings();
  const repository = checkRepositoryName(to);
  const token = requireToken(settings);
  const seen = new SeenFolder(folder);
  const { source, target, revocab, contents, weights } = await gatedFolder(
    seen,
    allowFiles,
    job?.abortSignal,
  );
  const files = await folderFiles(seen);
  requireAllowed(folder, allowFiles, [...contents, ...files.map(({ path }) => path)]);
  const weightFiles = weights.map(({ path }) => path);
  await refuseSecrets({ folder: seen, files, weights: weightFiles, token, allowFiles, job });
  const { title, description } = messageOf(options.title, { source, target, revocab });
  refuseSecretTexts(
    { "the title": title, "the description": description, "the branch": branch, "the repository": to },
    token,
  );

  const uploads: Uploads = { sent: 0 };
  const onSent = (bytes: number) => {
    uploads.sent += bytes;
    uploads.onChange?.();
  };
  const client = hubClient(settings, { ...options, onSent, isOnce: isCommit });
  const isNew = await prepareRepository(client, repository, { ...options, dryRun });
  const before =
    isNew && dryRun
      ? undefined
      : await listRepository(client, repository, await startOf(client, repository, options));
  const deleted = staleFiles(before?.files ?? [], files);
  const result = {
    repository,
    url: `${settings.endpoint}/${repository}`,
    isNew,
    branch,
    files,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    deleted,
  };
  if (before === undefined || dryRun) {
    return {
      ...result,
      commit: null,
      pullRequest: null,
      kept: keptFiles(before?.files ?? [], files, deleted),
    };
  }

  const careful = carefulCommit({
    ...options,
    fetch: client.fetch,
    isPullRequest: pullRequest,
    findCommit: async () => {
      const now = await listRepository(quiet, repository, branch);
      if (now.commit === before.commit) return undefined;
      if ((await differences(seen, files, now)).length === 0) return now.commit;
      throw hasMoved(repository, branch, now.commit);
    },
  });
  const quiet = hubClient(settings, { ...options, job: { ...options.job, abortSignal: undefined } });
  throwIfAborted(job?.abortSignal);
  const { commit, pullRequestUrl } = await client.during(`publishing to ${repository}`, async () => {
    const made = await commitFolder({
      ...options,
      client: { ...client, parameters: { ...client.parameters, fetch: careful } },
      repository,
      folder: seen,
      files,
      deleted,
      branch,
      isPullRequest: pullRequest,
      parent: before.commit,
      title: title.slice(0, 200),
      description,
      uploads,
    });
    if (isCommitId(made.commit.oid)) return made;
    throw unusable(`${settings.endpoint} took the commit and answered without its id`);
  });
  const pull = /\/discussions\/(\d{1,9})$/.exec(pullRequestUrl ?? "")?.[1];
  // the address is composed here: what the Hub answers may be anything
  const pullRequestPage = pull === undefined ? undefined : `${result.url}/discussions/${pull}`;
  const published = pull === undefined ? commit.oid : `refs/pr/${pull}`;
  const after = await listRepository(quiet, repository, published).catch((error: unknown) => {
    throw notLookedAt(error, pullRequestPage ?? `${result.url}/commit/${commit.oid}`);
  });
  await checkPublished(seen, files, after);
  return {
    ...result,
    commit: commit.oid,
    pullRequest: pullRequestPage ?? null,
    kept: keptFiles(after.files, files, []),
  };
}
