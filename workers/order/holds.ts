/** The holds of orders, as everybody may list and cancel them: over the public HTTP API. */
import { transferId } from '../../domain/derived-id.ts';
import type { OrderId, TransferId } from '../../domain/ids.ts';
import { holdKey } from '../../domain/order/money.ts';
import { sameTenant, tenantOf, type OfTenant } from '../../domain/tenant.ts';
import { createTransfersOf } from './transfers-of.ts';

export interface Hold extends OfTenant {
  readonly transferId: TransferId;
  readonly orderId: OrderId;
  readonly n: number;
  readonly createdAtMs: number;
}

export interface Holds {
  /** A page of a tenant's holds that are not settled, and the cursor of the next one. */
  readonly page: (
    of: OfTenant,
    cursor: string | undefined,
  ) => Promise<{ readonly holds: Hold[]; readonly next: string | undefined }>;
  readonly cancel: (hold: Hold) => Promise<void>;
}

const LIMIT = 200;

/** `apiUrl` is where the transfer API listens, `apiKey` the key for it, if it asks for one. */
export function createHolds(apiUrl: string, apiKey: string | undefined): Holds {
  const transfersOf = createTransfersOf(apiUrl, apiKey);
  return {
    async page(of, cursor) {
      const query = { status: 'DEBITED' as const, limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) };
      const { data, next_cursor: next } = await transfersOf(of).list(query);
      return {
        holds: data.flatMap((each) => {
          const { order_id: orderId, consignment } = each.metadata;
          if (orderId === undefined || each.capture_method !== 'manual') return [];
          const hold = {
            ...sameTenant(of),
            orderId: orderId as OrderId,
            n: Number(consignment),
            createdAtMs: Date.parse(each.created_at),
          };
          // Anybody may write that a hold is an order's; only the order's own key leads to this id.
          const isOwn = each.transfer_id === transferId(holdKey(hold.orderId, hold.n), tenantOf(of));
          return isOwn ? [{ ...hold, transferId: each.transfer_id as TransferId }] : [];
        }),
        next: next ?? undefined,
      };
    },
    cancel: async ({ transferId: id, ...hold }) => void (await transfersOf(hold).cancel(id)),
  };
}
