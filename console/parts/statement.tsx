/** The ledger entries of a wallet, newest first, a page at a time; what is on the page can be printed. */
import type { LedgerEntry, Wallet } from '../../client/client.ts';
import { useAnswer } from '../answer.ts';
import { negated } from '../format/amount.ts';
import { at, query, withQuery } from '../router.ts';
import { Amount } from './amount.tsx';
import { Problem } from './problem.tsx';
import { Table } from './table.tsx';
import { Time } from './time.tsx';

const LIMIT = 50;

export function Statement({ wallet: { wallet_id, currency, updated_at } }: { wallet: Wallet }) {
  const cursor = query.value.get('cursor') ?? undefined;
  const {
    data: page,
    error,
    reload,
  } = useAnswer(`entries/${wallet_id}/${updated_at}/${cursor}`, (client, signal) =>
    client.wallets.entries(wallet_id, { limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) }, { signal }),
  );
  return (
    <>
      <header class="title">
        <h2>Statement</h2>
        <button type="button" class="plain screen-only" onClick={() => print()}>
          Print
        </button>
      </header>
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {page === undefined ? (
        <p class="loading">Loading …</p>
      ) : page.data.length === 0 ? (
        <p class="empty">No money has moved here.</p>
      ) : (
        <Table
          caption="Statement"
          keepsPlace
          rows={page.data}
          idOf={({ entry_id }) => entry_id}
          columns={[
            { name: '#', isNumber: true, of: ({ sequence }: LedgerEntry) => sequence },
            { name: 'at', of: ({ created_at }) => <Time of={created_at} /> },
            { name: 'entry', of: ({ type }) => type.toLowerCase() },
            {
              name: 'movement',
              of: ({ transaction_id }) => (
                <a class="id" href={at('/find', { q: transaction_id })} title={transaction_id}>
                  {transaction_id}
                </a>
              ),
            },
            {
              name: 'amount',
              isNumber: true,
              of: ({ type, amount }) => <Amount of={type === 'DEBIT' ? negated(amount) : amount} in={currency} />,
            },
            {
              name: 'balance after',
              isNumber: true,
              of: ({ balance_after }) => <Amount of={balance_after} in={currency} />,
            },
          ]}
        />
      )}
      <nav class="pages" aria-label="Pages of the statement">
        {cursor === undefined ? null : <a href={withQuery({ cursor: undefined, at: undefined })}>Newest</a>}
        {page === undefined || page.next_cursor === null ? null : (
          <a href={withQuery({ cursor: page.next_cursor, at: undefined })} rel="next">
            Older →
          </a>
        )}
      </nav>
    </>
  );
}
