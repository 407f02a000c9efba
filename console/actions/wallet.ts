/** Stopping a wallet, and letting it move money again. */
import type { Client, Wallet } from '../../client/client.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

/** The balance may change at any time, and changes nothing about the decision. */
export function seenOfWallet({ status }: Wallet): Seen {
  return { status };
}

export function lookAtWallet(walletId: string): (client: Client) => Promise<Seen> {
  return async (client) => seenOfWallet(await client.wallets.get(walletId));
}

export function actionsOfWallet({ wallet_id, status }: Wallet): Action[] {
  const path = { wallet_id };
  return status === 'ACTIVE'
    ? [
        actionOf('suspendWallet', () => ({ path }), {
          title: 'Suspend the wallet',
          effect:
            'From now on it neither sends nor receives; movements that need it fail. Refunds still land, and what is held stays held. Its money stays where it is.',
        }),
      ]
    : [
        actionOf('activateWallet', () => ({ path }), {
          title: 'Activate the wallet',
          effect: 'It sends and receives again. Movements that have failed meanwhile stay failed.',
        }),
      ];
}
