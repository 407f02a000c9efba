/** The wallets, newest first. */
import type { Wallet } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

export function Wallets() {
  return (
    <List
      title="Wallets"
      filters={[{ name: 'user_id', label: 'User', placeholder: 'exactly' }]}
      ask={(client, query, signal) => client.wallets.list(query, { signal })}
      columns={[
        { name: 'wallet', of: ({ wallet_id }: Wallet) => <Id of={wallet_id} to="/wallets" /> },
        { name: 'user', of: ({ user_id }) => user_id },
        { name: 'status', of: ({ status }) => <Status of={status} /> },
        { name: 'balance', isNumber: true, of: ({ balance, currency }) => <Amount of={balance} in={currency} /> },
        { name: 'held', isNumber: true, of: ({ held, currency }) => <Amount of={held} in={currency} /> },
        { name: '', of: ({ currency }) => currency },
        { name: 'opened', of: ({ created_at }) => <Time of={created_at} /> },
      ]}
      idOf={({ wallet_id }) => wallet_id}
      empty="There are no wallets yet. One is made by POST /v1/wallets, or ten by npm run seed."
    />
  );
}
