// A stack's databases with movements in every state, for tests that damage them and audit them. A set of open workflow ids
// stands in for Temporal.

import { audit, type AuditReport } from '../../audit/audit.ts';
import type { WorkflowLookup } from '../../audit/workflows.ts';
import { bindInstallation } from '../../db/bind-installation.ts';
import type { Database } from '../../db/database.ts';
import { copyOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestStores } from './database.ts';
import { movementsOver } from './movements.ts';
import { fresh, userOnShard } from './wallets.ts';

/** The databases, by their contents: the sender's wallet, the receiver's wallet, the transfers, the event log. */
export type Place = 'sender' | 'receiver' | 'transfer' | 'events';

export interface Audited {
  readonly sender: { readonly id: string };
  readonly receiver: { readonly id: string };
  readonly ids: Readonly<Record<Movement, string>>;
  /** The ids of the open workflows. */
  readonly open: Set<string>;
  readonly audit: (options?: {
    visible?: readonly string[];
    /** Whether the event log is audited, too, which has every event; not by default. */
    withLog?: boolean;
  }) => Promise<AuditReport>;
  /** Changes a database as an administrator, who is bound by no rule. */
  readonly damage: (place: Place, statements: string) => Promise<void>;
  readonly rows: (place: Place, statement: string) => Promise<Record<string, unknown>[]>;
}

export type Movement =
  | 'completed'
  | 'timedOut'
  | 'refused'
  | 'canceled'
  | 'pending'
  | 'debited'
  | 'deposit'
  | 'withdrawal'
  | 'refusedWithdrawal';

export interface AuditedStack {
  /** Runs the work; its changes of the databases are undone afterwards. */
  readonly use: (work: (stack: Audited) => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startAuditedStack(): Promise<AuditedStack> {
  const cluster = await startCluster();
  try {
    const stores = await cluster.createStores();
    await bindInstallation(
      [
        { name: 'transfer', adminUrl: stores.transfer.adminUrl },
        ...stores.wallets.map(({ adminUrl }, shard) => ({ name: `wallet-${shard}`, adminUrl })),
      ],
      NAMESPACE,
    );
    const filled = await fill(stores);
    await copyOutboxes(cluster, stores);
    const admins = [...stores.wallets, stores.transfer, stores.events].map(({ admin }) => admin);
    return {
      use: (work) =>
        rolledBack(admins, ([sender, receiver, transfer, events]) =>
          work(createAudited({ sender: sender!, receiver: receiver!, transfer: transfer!, events: events! }, filled)),
        ),
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Runs the work in a transaction of each database that is rolled back. Transactions inside become savepoints. */
export async function rolledBack(
  [first, ...others]: readonly Database[],
  work: (databases: Database[]) => Promise<void>,
): Promise<void> {
  if (first === undefined) return work([]);
  const isDone = new Error('done');
  const transaction = first.transaction(async (tx) => {
    await rolledBack(others, (databases) => work([tx as unknown as Database, ...databases]));
    throw isDone;
  });
  await transaction.catch((error: unknown) => {
    if (error !== isDone) throw error;
  });
}

async function fill(stores: TestStores) {
  const movements = movementsOver(stores);
  const { wallets } = movements;
  const [sender, receiver] = [await wallets.open(userOnShard(0, 2)), await wallets.open(userOnShard(1, 2))];
  const idle = await wallets.open(fresh('idle'));
  const deposit = await movements.acceptTransaction('CREDIT', sender, '1000.0000');
  await movements.transact(deposit);

  const transfer = () => movements.acceptTransfer(sender, receiver, '20.0000');
  const [completed, timedOut, canceled, debited, pending] = [
    await transfer(),
    await transfer(),
    await transfer(),
    await transfer(),
    await transfer(),
  ];
  const refused = await movements.acceptTransfer(idle, receiver, '1.0000');
  await movements.debit(timedOut);
  await movements.giveUp(timedOut, 'timed_out');
  await movements.giveUp(canceled, 'canceled');
  await movements.settle(refused);
  await movements.debit(debited);
  await movements.settle(completed);
  const [withdrawal, refusedWithdrawal] = [
    await movements.acceptTransaction('DEBIT', sender, '5.0000'),
    await movements.acceptTransaction('DEBIT', idle, '5.0000'),
  ];
  await movements.transact(withdrawal);
  await movements.transact(refusedWithdrawal);
  await rowsOf(
    stores.transfer.admin,
    `UPDATE transfers SET created_at = created_at - interval '1 minute' WHERE status IN ('PENDING', 'DEBITED')`,
  );

  const transfers = { completed, timedOut, canceled, refused, debited, pending };
  const transactions = { deposit, withdrawal, refusedWithdrawal };
  const ids = Object.fromEntries([
    ...Object.entries(transfers).map(([name, { transferId }]) => [name, transferId]),
    ...Object.entries(transactions).map(([name, { transactionId }]) => [name, transactionId]),
  ]) as Record<Movement, string>;
  return { sender: { id: sender }, receiver: { id: receiver }, ids };
}

function createAudited(databases: Record<Place, Database>, filled: Awaited<ReturnType<typeof fill>>): Audited {
  const { sender, receiver, transfer, events } = databases;
  const open = new Set([`transfer/${filled.ids.pending}`, `transfer/${filled.ids.debited}`]);
  return {
    ...filled,
    open,
    audit: ({ visible = [], withLog = false } = {}) =>
      audit(
        { wallets: [sender, receiver], transfer, events: withLog ? events : undefined },
        workflowsOf(open, visible),
        { patienceMs: 0 },
      ),
    async damage(place, statements) {
      await rowsOf(databases[place], statements);
    },
    rows: (place, statement) => rowsOf(databases[place], statement),
  };
}

/** Lists the open ones and those that are only still visible. */
const NAMESPACE = 'namespace-of-the-tests';

export function workflowsOf(open: ReadonlySet<string>, visible: readonly string[] = []): WorkflowLookup {
  return {
    async *listRunning() {
      yield* [...open, ...visible];
    },
    isRunning: async (id) => open.has(id),
    namespaceId: async () => NAMESPACE,
  };
}

/** An event of every type, with its movement and the database that has it. */
export const EVENTS = [
  ['transfer.initiated', 'pending', 'transfer'],
  ['transfer.completed', 'completed', 'transfer'],
  ['transfer.failed', 'timedOut', 'transfer'],
  ['transfer.canceled', 'canceled', 'transfer'],
  ['transaction.initiated', 'deposit', 'transfer'],
  ['transaction.processed', 'withdrawal', 'transfer'],
  ['transaction.failed', 'refusedWithdrawal', 'transfer'],
  ['wallet.debited', 'completed', 'sender'],
  ['wallet.credited', 'completed', 'receiver'],
  ['wallet.refunded', 'timedOut', 'sender'],
  ['wallet.debited', 'withdrawal', 'sender'],
  ['wallet.credited', 'deposit', 'sender'],
] as const satisfies readonly (readonly [string, Movement, Place])[];
