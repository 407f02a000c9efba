/** `counterpoise fund` and `withdraw`: they put money into a wallet from outside, and take it out. */
import type { Command } from 'commander';
import type { EndCommand } from './exit-code.ts';
import {
  addMovementOptions,
  currencyFor,
  exitCodeOf,
  moveAndWait,
  reasonOf,
  type MovementOptions,
} from './movement.ts';
import { fields, status } from './output.ts';
import { openSession } from './session.ts';
import { given } from './values.ts';

export function addFundCommands(program: Command, end: EndCommand): void {
  const add = (name: string, type: 'CREDIT' | 'DEBIT', description: string): void => {
    addMovementOptions(program.command(`${name} <wallet-id> <amount>`).description(description)).action(
      async (wallet_id: string, amount: string, options: MovementOptions, command: Command) => {
        const { client, print } = openSession(command);
        const { reference, metadata } = options;
        const currency = await currencyFor(client, wallet_id, options.currency);
        const body = { wallet_id, type, amount, currency, ...given({ reference, metadata }) };
        const transaction = await moveAndWait((callOptions) => client.transactions.create(body, callOptions), options);
        end(exitCodeOf(transaction));
        print(transaction, () =>
          fields({
            transaction: transaction.transaction_id,
            wallet: transaction.wallet_id,
            status: status(transaction.status),
            reason: reasonOf(transaction),
            amount: `${transaction.amount} ${transaction.currency}`,
            reference: transaction.reference,
          }),
        );
      },
    );
  };
  add('fund', 'CREDIT', 'put money into a wallet from outside');
  add('withdraw', 'DEBIT', 'take money out of a wallet');
}
