/** A request that makes movements: its content, its key, and how it is sent. */
import type { CallOptions, Client } from '../client/client.ts';
import { batchId, batchTransferId, transactionId, transferId } from '../domain/derived-id.ts';
import { DEFAULT_TENANT, ofTenant, type Tenant } from '../domain/tenant.ts';
import { sides, transactionAnswered, transferAnswered } from './answers.ts';
import type { Answered, Asked, Terms } from './book.ts';

export type Send = (api: Client, options: CallOptions) => Promise<Answered>;

/** A request that makes movements, by its key. */
export interface Operation {
  readonly asked: Asked;
  readonly send: Send;
}

/** The fields that make a transfer a special one, such as a hold. */
export interface TransferKind {
  readonly kind?: string;
  readonly sender?: string;
  readonly receiver?: string;
  readonly capture_method?: 'manual';
  readonly expires_in?: number;
  readonly scheduled_at?: string;
}

export function transferOf(
  key: string,
  kind: string,
  terms: Terms,
  rest: Omit<TransferKind, 'kind' | 'sender' | 'receiver'> = {},
  tenant: Tenant = DEFAULT_TENANT,
): { readonly operation: Operation } {
  const id = transferId(key, tenant);
  const body = { ...bodyOf(terms), ...rest };
  const moves = [{ id, movement: 'transfer', ...terms }] as const;
  const asked: Asked = { ...ofTenant(tenant), key, kind, names: 'transfer', id, moves };
  return {
    operation: { asked, send: async (api, options) => transferAnswered(await api.transfers.create(body, options)) },
  };
}

export function batchOf(
  key: string,
  kind: string,
  terms: readonly Terms[],
  tenant: Tenant = DEFAULT_TENANT,
): { readonly operation: Operation } {
  const id = batchId(key, tenant);
  const moves = terms.map((each, n) => ({ id: batchTransferId(id, n), movement: 'transfer', ...each }) as const);
  const items = terms.map(bodyOf);
  return {
    operation: {
      asked: { ...ofTenant(tenant), key, kind, names: 'batch', id, moves },
      send: async (api, options) => ({ id: (await api.transferBatches.create({ items }, options)).batch_id }),
    },
  };
}

export function transactionOf(
  key: string,
  kind: string,
  body: { wallet_id: string; type: 'CREDIT' | 'DEBIT'; amount: string; currency: string },
  tenant: Tenant = DEFAULT_TENANT,
): { readonly operation: Operation } {
  const id = transactionId(key, tenant);
  const { wallet_id, type, amount, currency } = body;
  const move = { id, movement: 'transaction', ...sides(wallet_id, type), amount, currency } as const;
  return {
    operation: {
      asked: { ...ofTenant(tenant), key, kind, names: 'transaction', id, moves: [move] },
      send: async (api, options) => transactionAnswered(await api.transactions.create(body, options)),
    },
  };
}

export function bodyOf({ from, to, amount, currency }: Terms) {
  return { sender_wallet_id: from!, receiver_wallet_id: to!, amount: amount!, currency };
}
