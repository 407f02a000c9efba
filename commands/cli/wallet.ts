/** `counterpoise wallet`: opens a wallet, shows one, lists them. */
import type { Command } from 'commander';
import type { Wallet } from '../../client/client.ts';
import { fields, listedTable, status } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT } from './values.ts';

export function addWalletCommands(program: Command): void {
  const wallet = program.command('wallet').description('open and show wallets');

  wallet
    .command('create <user-id>')
    .description('open the wallet of a user in a currency, or show it if it is open already')
    .option('--currency <code>', 'ISO 4217', 'USD')
    .action(async (user_id: string, { currency }: { currency: string }, command: Command) => {
      const { client, print } = openSession(command);
      const { wallet: opened } = await client.wallets.open({ user_id, currency });
      print(opened, () => describeWallet(opened));
    });

  wallet
    .command('show <wallet-id>')
    .description('show a wallet and its balance')
    .action(async (walletId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const shown = await client.wallets.get(walletId);
      print(shown, () => describeWallet(shown));
    });

  wallet
    .command('list')
    .description('list the newest wallets')
    .option('--user <user-id>', 'only wallets of this user')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ user, limit }: { user?: string; limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.wallets.list(given({ user_id: user, limit }));
      print(data, () =>
        listedTable(
          next_cursor,
          ['WALLET', 'USER', 'STATUS', ' BALANCE', ' HELD', 'CURRENCY'],
          data.map((each) => [
            each.wallet_id,
            each.user_id,
            status(each.status),
            each.balance,
            each.held,
            each.currency,
          ]),
        ),
      );
    });
}

function describeWallet(wallet: Wallet): string {
  return fields({
    wallet: wallet.wallet_id,
    user: wallet.user_id,
    status: status(wallet.status),
    balance: `${wallet.balance} ${wallet.currency}`,
    held: `${wallet.held} ${wallet.currency}`,
    opened: wallet.created_at,
  });
}
