import type { NetworkLimits as HttpLimits, PatienceOptions } from "@revocab/http/internal";
import { type HttpClient, type ClientOptions as HttpOptions, httpClient } from "@revocab/http/internal";
import { hubFailure } from "./hub-failure.ts";
import type { HubSettings } from "./hub-settings.ts";

/** What the Hub may cost: how much it may send and list, and how long it may take. */
export interface NetworkLimits extends HttpLimits {
  /** Pages of a listing. */
  readonly pages: number;
  /** Files and folders of a listing. */
  readonly entries: number;
}

// the Hub asks for fewer than 100,000 files a repository and lists 1,000 a page
const LISTING_LIMITS = { pages: 1000, entries: 200_000 };

/** What every function of this package takes. */
export interface HubOptions extends PatienceOptions {
  /** @default those of the environment, see `hubSettings` */
  readonly settings?: HubSettings;
  /** @default 60 s to begin an answer, 300 s for work, 32 MB for an answer in memory, 1,000 pages and 200,000 entries of a listing */
  readonly limits?: Partial<NetworkLimits>;
}

export interface ClientOptions extends HubOptions, Pick<HttpOptions, "onSent" | "isOnce"> {}

/** How this package talks to the Hub. */
export interface HubClient extends HttpClient {
  readonly settings: HubSettings;
  readonly limits: NetworkLimits;
  /** The parameters of functions of `@huggingface/hub`, which then read no environment. */
  readonly parameters: {
    readonly hubUrl: string;
    readonly fetch: typeof fetch;
    readonly accessToken?: string;
  };
  /** Runs a request; its failure becomes one that says what was being done. */
  during<Result>(doing: string, work: () => Promise<Result>): Promise<Result>;
}

export function hubClient(settings: HubSettings, options: ClientOptions = {}): HubClient {
  const { endpoint: address, token } = settings;
  const client = httpClient({ ...options, endpoint: { address, name: "the Hub" }, token, step: "hub" });
  return {
    ...client,
    settings,
    limits: { ...LISTING_LIMITS, ...options.limits, ...client.limits },
    parameters: { hubUrl: address, fetch: client.fetch, accessToken: token?.reveal() },
    async during(doing, work) {
      try {
        return await work();
      } catch (error) {
        throw hubFailure(error, doing, settings);
      }
    },
  };
}
