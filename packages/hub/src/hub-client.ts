import { hubFailure } from "./hub-failure.ts";
import type { HubSettings } from "./hub-settings.ts";
import { type PatientFetchOptions, patientFetch } from "./patient-fetch.ts";

/** What every function of this package takes. */
export interface HubOptions extends Omit<PatientFetchOptions, "onSent" | "isOnce"> {
  /** @default those of the environment, see `hubSettings` */
  readonly settings?: HubSettings;
}

/** How this package talks to the Hub. */
export interface HubClient {
  readonly settings: HubSettings;
  readonly fetch: typeof fetch;
  /** What functions of `@huggingface/hub` take: they read no environment. */
  readonly parameters: {
    readonly hubUrl: string;
    readonly fetch: typeof fetch;
    readonly accessToken?: string;
  };
  /** Runs a request; its failure becomes one that says what was being done. */
  during<Result>(doing: string, work: () => Promise<Result>): Promise<Result>;
}

export function hubClient(settings: HubSettings, options: PatientFetchOptions = {}): HubClient {
  const send = patientFetch(options);
  const { endpoint, token } = settings;
  return {
    settings,
    fetch: send,
    parameters: { hubUrl: endpoint, fetch: send, ...(token && { accessToken: token.reveal() }) },
    async during(doing, work) {
      try {
        return await work();
      } catch (error) {
        throw hubFailure(error, doing, settings);
      }
    },
  };
}
