/**
 * The completion of old fences: fills in the counterparty wallet of debits and credits that were decided before fences kept it,
 * from the rows of their transfers. It works as an administrator, page by page, each in short statements, so it may run beside
 * the services, be stopped at any time, and be repeated.
 */
import type pg from 'pg';
import { asAdministrator } from './administrator.ts';

export interface FilledShard {
  readonly filled: number;
  /** Transfers with a leg that still lacks its counterparty: their row is gone, or is or may be another movement's. */
  readonly left: readonly string[];
}

interface FormerLeg {
  readonly id: string;
  readonly leg: string;
}
interface Terms {
  readonly id: string;
  readonly sender: string;
  readonly receiver: string;
  readonly currency: string;
  readonly amount: string;
  readonly captured: string | null;
}
/** Sorts before every fence, so the first page begins here. */
const FIRST: FormerLeg = { id: '00000000-0000-0000-0000-000000000000', leg: '' };
const FENCES_A_PAGE = 2_000;

export function fillCounterparties(
  { transferUrl, walletUrl }: { readonly transferUrl: string; readonly walletUrl: string },
  pageSize = FENCES_A_PAGE,
): Promise<FilledShard> {
  return asOwner(transferUrl, 'transfer', (transfer) =>
    asOwner(walletUrl, 'wallet', async (wallet) => {
      const left = new Set<string>();
      let filled = 0;
      for (let after: FormerLeg | undefined = FIRST; after !== undefined;) {
        const { former, last } = await pageAfter(wallet, after, pageSize);
        const ids = [...new Set(former.map(({ id }) => id))];
        const done = ids.length === 0 ? [] : await fill(wallet, await termsOf(transfer, ids));
        filled += done.length;
        const isDone = new Set(done.map(({ id, leg }) => `${id} ${leg}`));
        for (const { id, leg } of former) if (!isDone.has(`${id} ${leg}`)) left.add(id);
        after = last;
      }
      return { filled, left: [...left] };
    }),
  );
}

/**
 * Reads a page of fences. Returns its debits and credits without a counterparty, and its last fence, undefined if it is empty.
 */
async function pageAfter(
  wallet: pg.Client,
  after: FormerLeg,
  pageSize: number,
): Promise<{ former: readonly FormerLeg[]; last: FormerLeg | undefined }> {
  const { rows } = await wallet.query<{ former: FormerLeg[]; last: FormerLeg | null }>(
    `WITH page AS (
       SELECT transaction_id AS id, leg, counterparty_wallet_id FROM operation_fences
       WHERE (transaction_id, leg) > ($1::uuid, $2) ORDER BY transaction_id, leg LIMIT $3
     )
     SELECT coalesce((SELECT json_agg(json_build_object('id', id, 'leg', leg)) FROM page
         WHERE leg IN ('debit', 'credit') AND counterparty_wallet_id IS NULL), '[]') AS former,
       (SELECT json_build_object('id', id, 'leg', leg) FROM page ORDER BY id DESC, leg DESC LIMIT 1) AS last`,
    [after.id, after.leg, pageSize],
  );
  return { former: rows[0]!.former, last: rows[0]!.last ?? undefined };
}

/** The terms of these transfers, without those that failed with terms_conflict: nobody knows which of their legs is another's. */
async function termsOf(transfer: pg.Client, ids: readonly string[]): Promise<Terms[]> {
  const { rows } = await transfer.query<Terms>(
    `SELECT transfer_id AS id, sender_wallet_id AS sender, receiver_wallet_id AS receiver, currency, amount,
       CASE WHEN capture_method = 'automatic' THEN amount ELSE nullif(captured_amount, 0) END AS captured
     FROM transfers WHERE transfer_id = ANY($1::uuid[]) AND failure_reason IS DISTINCT FROM 'terms_conflict'`,
    [ids],
  );
  return rows;
}

/**
 * Fills in the counterparty of each leg whose wallet, currency and amount are its transfer's, and returns these legs. A credit's
 * amount may be a part of a hold: the captured part, or any part if the credit was canceled.
 */
async function fill(wallet: pg.Client, terms: readonly Terms[]): Promise<FormerLeg[]> {
  const column = (name: keyof Terms) => terms.map((each) => each[name]);
  const { rows } = await wallet.query<FormerLeg>(
    `UPDATE operation_fences fence
     SET counterparty_wallet_id = CASE leg WHEN 'debit' THEN receiver ELSE sender END, of_amount = nullif(moved.amount, fence.amount)
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::numeric[])
       AS moved (id, sender, receiver, currency, amount, captured)
     WHERE fence.transaction_id = moved.id AND fence.counterparty_wallet_id IS NULL AND fence.currency = moved.currency
       AND CASE fence.leg
         WHEN 'debit' THEN fence.wallet_id = sender AND fence.amount = moved.amount
         WHEN 'credit' THEN fence.wallet_id = receiver AND fence.amount <= moved.amount
           AND (fence.outcome = 'canceled' OR fence.amount = coalesce(captured, fence.amount))
         ELSE false
       END
     RETURNING fence.transaction_id AS id, fence.leg`,
    [column('id'), column('sender'), column('receiver'), column('currency'), column('amount'), column('captured')],
  );
  return rows;
}

function asOwner<T>(adminUrl: string, service: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  return asAdministrator(adminUrl, async (client) => {
    await client.query(`SET ROLE ${service}_owner`);
    return use(client);
  });
}
