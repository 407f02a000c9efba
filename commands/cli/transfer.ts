/** `counterpoise transfer`: makes a transfer, shows it with its steps, and captures, cancels or reverses it. */
import type { Command } from 'commander';
import type { BodyOf, Client, Transfer, TransferStep } from '../../client/client.ts';
import type { EndCommand } from './exit-code.ts';
import {
  addMovementOptions,
  currencyFor,
  exitCodeOf,
  moveAndWait,
  reasonOf,
  type MovementOptions,
} from './movement.ts';
import { fields, listedTable, status, table } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, seconds } from './values.ts';

export function addTransferCommands(program: Command, end: EndCommand): void {
  const transfer = program
    .command('transfer')
    .description('move money between two wallets, and follow or change transfers');
  addCreateCommand(transfer, end);
  addShowCommands(transfer);
  addChangeCommands(transfer, end);
}

interface CreateOptions extends MovementOptions {
  readonly wait?: boolean;
  readonly hold?: boolean;
  readonly expiresIn?: number;
  readonly at?: string;
}

function addCreateCommand(transfer: Command, end: EndCommand): void {
  addTermsOptions(
    transfer
      .command('create <sender-wallet-id> <receiver-wallet-id> <amount>', { isDefault: true })
      .description('transfer an amount; the word "create" may be left out')
      .option('--wait', 'return when the transfer has ended or waits for somebody; exits 1 unless it went well'),
  ).action(async (...[sender, receiver, amount, options, command]: CreateArguments) => {
    const { client, print } = openSession(command);
    const body = await bodyOf(client, [sender, receiver, amount], options);
    const made = options.wait
      ? await moveAndWait((callOptions) => client.transfers.create(body, callOptions), options)
      : await client.transfers.create(body, given({ idempotencyKey: options.key }));
    if (options.wait) end(exitCodeOf(made));
    print(made, () => describeTransfer(made));
  });

  addTermsOptions(
    transfer
      .command('cancel-by-key <sender-wallet-id> <receiver-wallet-id> <amount>')
      .description('cancel a transfer that may not have been created: with the --key and the terms of its creation'),
  ).action(async (...[sender, receiver, amount, options, command]: CreateArguments) => {
    const { key = '' } = options;
    if (key === '') command.error('error: --key is missing, the key with which the transfer was to be created');
    const { client, print } = openSession(command);
    const body = await bodyOf(client, [sender, receiver, amount], options);
    const canceled = await client.transfers.cancelByKey(body, { idempotencyKey: key });
    print(canceled, () => describeTransfer(canceled));
  });
}

type CreateArguments = [sender: string, receiver: string, amount: string, options: CreateOptions, command: Command];

function addTermsOptions(command: Command): Command {
  return addMovementOptions(
    command
      .option('--hold', 'debit the money and hold it until a capture or a cancel')
      .option(
        '--expires-in <seconds>',
        'give the hold back after this time unless it is captured',
        seconds(60, 2_592_000),
      )
      .option('--at <time>', 'begin at this time, such as 2026-01-31T12:00:00Z'),
  );
}

async function bodyOf(
  client: Client,
  [sender, receiver, amount]: readonly [string, string, string],
  { reference, metadata, hold, expiresIn, at, currency }: CreateOptions,
): Promise<BodyOf<'createTransfer'>> {
  return {
    sender_wallet_id: sender,
    receiver_wallet_id: receiver,
    amount,
    currency: await currencyFor(client, sender, currency),
    ...given({
      reference,
      metadata,
      capture_method: hold ? ('manual' as const) : undefined,
      expires_in: expiresIn,
      scheduled_at: at,
    }),
  };
}

interface ListOptions {
  readonly wallet?: string;
  readonly status?: Transfer['status'];
  readonly limit: number;
}

function addShowCommands(transfer: Command): void {
  transfer
    .command('show <transfer-id>')
    .description('show a transfer and its steps')
    .action(async (transferId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const [shown, steps] = await Promise.all([client.transfers.get(transferId), client.transfers.steps(transferId)]);
      print({ ...shown, steps }, () => `${describeTransfer(shown)}\n\n${describeSteps(steps)}`);
    });

  transfer
    .command('list')
    .description('list the newest transfers')
    .option('--wallet <wallet-id>', 'only transfers from or to this wallet')
    .option('--status <status>', 'only transfers with this status, such as FAILED')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ wallet, status: state, limit }: ListOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.transfers.list(given({ wallet_id: wallet, status: state, limit }));
      print(data, () =>
        listedTable(
          next_cursor,
          ['TRANSFER', 'STATUS', ' AMOUNT', 'CURRENCY', 'REASON', 'CREATED'],
          data.map((each) => [
            each.transfer_id,
            status(each.status),
            each.amount,
            each.currency,
            reasonOf(each) ?? '',
            each.created_at,
          ]),
        ),
      );
    });
}

/** Each prints the transfer as it then is; if it is too late, the API refuses. */
function addChangeCommands(transfer: Command, end: EndCommand): void {
  transfer
    .command('capture <transfer-id> [amount]')
    .description('capture a hold, whole or in part; the rest is given back')
    .action(async (transferId: string, amount: string | undefined, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const captured = await client.transfers.capture(transferId, given({ amount }));
      print(captured, () => describeTransfer(captured));
    });

  transfer
    .command('cancel <transfer-id>')
    .description('cancel a transfer that is not past its point of no return')
    .action(async (transferId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const canceled = await client.transfers.cancel(transferId);
      print(canceled, () => describeTransfer(canceled));
    });

  transfer
    .command('reverse <transfer-id> [amount]')
    .description('give back a completed transfer, whole or in part, and wait until that has ended')
    .option('--key <key>', 'Idempotency-Key (default: a new key)')
    .action(async (transferId: string, amount: string | undefined, options: { key?: string }, command: Command) => {
      const { client, print } = openSession(command);
      const reversal = await moveAndWait(
        (callOptions) => client.transfers.reverse(transferId, given({ amount }), callOptions),
        { ...options, timeout: 60 },
      );
      end(exitCodeOf(reversal));
      print(reversal, () => describeTransfer(reversal));
    });
}

export function describeTransfer(transfer: Transfer): string {
  return fields({
    transfer: transfer.transfer_id,
    from: transfer.sender_wallet_id,
    to: transfer.receiver_wallet_id,
    status: status(transfer.status),
    reason: reasonOf(transfer),
    amount: `${transfer.amount} ${transfer.currency}`,
    captured: transfer.capture_method === 'manual' ? transfer.captured_amount : undefined,
    released: transfer.capture_method === 'manual' ? transfer.released_amount : undefined,
    reversed: transfer.reversed_amount !== '0.0000' ? transfer.reversed_amount : undefined,
    reverses: transfer.reverses_transfer_id,
    batch: transfer.batch_id,
    group: transfer.group_id,
    recurring: transfer.recurring_transfer_id,
    reference: transfer.reference,
    created: transfer.created_at,
    scheduled: transfer.scheduled_at,
    expires: transfer.expires_at,
  });
}

function describeSteps(steps: readonly TransferStep[]): string {
  const first = steps[0] === undefined ? 0 : Date.parse(steps[0].at);
  return table(
    ['STEP', 'AT', ' AFTER', 'REASON'],
    steps.map(({ step, at, reason }) => [status(step), at, `${Date.parse(at) - first} ms`, reason ?? '']),
  );
}
