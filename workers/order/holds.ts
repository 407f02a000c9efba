/** The holds of orders, as everybody may list and cancel them: over the public HTTP API. */
import { createClient } from '../../client/client.ts';
import { transferId } from '../../domain/derived-id.ts';
import type { OrderId, TransferId } from '../../domain/ids.ts';
import { holdKey } from '../../domain/order/money.ts';

export interface Hold {
  readonly transferId: TransferId;
  readonly orderId: OrderId;
  readonly n: number;
  readonly createdAtMs: number;
}

export interface Holds {
  /** A page of the holds that are not settled, and the cursor of the next one. */
  readonly page: (cursor: string | undefined) => Promise<{ readonly holds: Hold[]; readonly next: string | undefined }>;
  readonly cancel: (id: TransferId) => Promise<void>;
}

const LIMIT = 200;
const TIMEOUT_MS = 4_000;

/** `apiUrl` is where the transfer API listens, `apiKey` the key for it, if it asks for one. */
export function createHolds(apiUrl: string, apiKey: string | undefined): Holds {
  const { transfers } = createClient({ baseUrl: apiUrl, apiKey, timeoutMs: TIMEOUT_MS, attemptsMax: 1 });
  return {
    async page(cursor) {
      const query = { status: 'DEBITED' as const, limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) };
      const { data, next_cursor: next } = await transfers.list(query);
      return {
        holds: data.flatMap((each) => {
          const { order_id: orderId, consignment } = each.metadata;
          if (orderId === undefined || each.capture_method !== 'manual') return [];
          const hold = {
            orderId: orderId as OrderId,
            n: Number(consignment),
            createdAtMs: Date.parse(each.created_at),
          };
          // Anybody may write that a hold is an order's; only the order's own key leads to this id.
          const isOwn = each.transfer_id === transferId(holdKey(hold.orderId, hold.n));
          return isOwn ? [{ ...hold, transferId: each.transfer_id as TransferId }] : [];
        }),
        next: next ?? undefined,
      };
    },
    cancel: async (id) => void (await transfers.cancel(id)),
  };
}
