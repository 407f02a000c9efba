/** Calls of the API that are on their way into the client. */
import type { Client } from '../client/client.ts';
import type { BalanceHistory, BatchTrial, Flows, Found, OrderTimeline, Overview, TransferTimeline } from './shapes.ts';
type Call = (name: string, input: object, options: { signal?: AbortSignal }) => Promise<unknown>;
const PATHS: Record<string, string> = {
  getFlows: '/v1/flows',
  find: '/v1/find',
  getTransferTimeline: '/v1/transfers/{transfer_id}/timeline',
  getOrderTimeline: '/v1/orders/{order_id}/timeline',
  getWalletBalanceHistory: '/v1/wallets/{wallet_id}/balance-history',
  tryTransferBatch: '/v1/transfer-batches/dry-run',
};
const on =
  (client: Client): Call =>
  async (name, input, options) => {
    if (name === 'getOverview') return client.call('getOverview', {}, options);
    const { path = {}, query = {} } = input as { path?: Record<string, string>; query?: Record<string, string> };
    const url = PATHS[name]!.replace(/\{(\w+)\}/, (_, x: string) => path[x]!);
    return (await fetch(`${url}?${new URLSearchParams(query)}`, options)).json();
  };
const o = (signal?: AbortSignal) => (signal === undefined ? {} : { signal });
export const getOverview = (c: Client, s?: AbortSignal) => on(c)('getOverview', {}, o(s)) as Promise<Overview>;
export const getFlows = (c: Client, currency: string, s?: AbortSignal) =>
  on(c)('getFlows', { query: { currency } }, o(s)) as Promise<Flows>;
export const find = (c: Client, q: string, s?: AbortSignal) => on(c)('find', { query: { q } }, o(s)) as Promise<Found>;
export const transferTimeline = (c: Client, transfer_id: string, s?: AbortSignal) =>
  on(c)('getTransferTimeline', { path: { transfer_id } }, o(s)) as Promise<TransferTimeline>;
export const orderTimeline = (c: Client, order_id: string, s?: AbortSignal) =>
  on(c)('getOrderTimeline', { path: { order_id } }, o(s)) as Promise<OrderTimeline>;
export const balanceHistory = (c: Client, wallet_id: string, query: object, s?: AbortSignal) =>
  on(c)('getWalletBalanceHistory', { path: { wallet_id }, query }, o(s)) as Promise<BalanceHistory>;
export const tryBatch = (c: Client, body: object, s?: AbortSignal) =>
  on(c)('tryTransferBatch', { body }, o(s)) as Promise<BatchTrial>;
