/** Calls of the API that are on their way into the client. */
import type { Client } from '../client/client.ts';
import type { BalanceHistory, BatchTrial, Flows, Found } from './shapes.ts';
type Call = (name: string, input: object, options: { signal?: AbortSignal }) => Promise<unknown>;
const on = (client: Client): Call => client.call as unknown as Call;
const o = (signal?: AbortSignal) => (signal === undefined ? {} : { signal });
export const getOverview = (c: Client, s?: AbortSignal) => c.call('getOverview', {}, o(s));
export const getFlows = (c: Client, currency: string, s?: AbortSignal) =>
  on(c)('getFlows', { query: { currency } }, o(s)) as Promise<Flows>;
export const find = (c: Client, q: string, s?: AbortSignal) => on(c)('find', { query: { q } }, o(s)) as Promise<Found>;
export const transferTimeline = (c: Client, transfer_id: string, s?: AbortSignal) =>
  c.call('getTransferTimeline', { path: { transfer_id } }, o(s));
export const orderTimeline = (c: Client, order_id: string, s?: AbortSignal) =>
  c.call('getOrderTimeline', { path: { order_id } }, o(s));
export const balanceHistory = (c: Client, wallet_id: string, query: object, s?: AbortSignal) =>
  on(c)('getWalletBalanceHistory', { path: { wallet_id }, query }, o(s)) as Promise<BalanceHistory>;
export const tryBatch = (c: Client, body: object, s?: AbortSignal) =>
  on(c)('tryTransferBatch', { body }, o(s)) as Promise<BatchTrial>;
