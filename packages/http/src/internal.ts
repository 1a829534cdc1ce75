/** What packages of revocab that use the network share; it may change at any time. */
export { forEachOf } from "./for-each-of.ts";
export { HiddenToken } from "./hidden-token.ts";
export { type ClientOptions, type HttpClient, httpClient, type OpenRequest } from "./http-client.ts";
export { NETWORK_LIMITS, type NetworkLimits } from "./network-limits.ts";
export type { PatienceOptions } from "./patient-fetch.ts";
export { readBody } from "./read-body.ts";
export { discard, type Endpoint, isOfEndpoint, type OnHop, sendRequest } from "./send-request.ts";
export { causesOf, isNetworkError, quoteServer, ServerFault, unusable } from "./server-fault.ts";
