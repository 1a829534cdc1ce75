/** What a server may cost: how much it may send, and how long it may take. */
export interface NetworkLimits {
  /** Milliseconds until a server begins to answer a request that only reads. */
  readonly answerTime: number;
  /** Milliseconds until it begins to answer one that makes it work, from the last byte it took. */
  readonly workTime: number;
  /** Bytes a second; a body that comes more slowly than this … */
  readonly lowestRate: number;
  /** … for so many milliseconds has stalled. */
  readonly stallTime: number;
  /** Milliseconds that one request may be tried again and waited for without a byte gained, Retry-After included. */
  readonly patience: number;
  /** Bytes of an answer that is held in memory, decompressed. */
  readonly answerBytes: number;
  /** Bytes of an error's body that are read. */
  readonly errorBytes: number;
}

export const NETWORK_LIMITS: NetworkLimits = {
  // a server answers in a second; proxies give up on it after 60
  answerTime: 60_000,
  // a commit of many files and the joining of an upload's parts have taken the Hub minutes
  workTime: 300_000,
  // a modem's rate is 5,000: what is slower has broken without saying so
  lowestRate: 1000,
  stallTime: 30_000,
  // twice the longest time that the Hub's limits ask to wait for
  patience: 600_000,
  // a page of 1,000 files of the Hub has 0.4 MB
  answerBytes: 32e6,
  errorBytes: 65_536,
};
