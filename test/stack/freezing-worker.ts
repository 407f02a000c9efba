// `node test/stack/freezing-worker.ts <activity>`: a wallet worker as workers/wallet/main.ts runs it, which stops its own process
// (SIGSTOP) when it has received this activity and not yet sent it to the database, or of `debitAndCredit`, between the two.
// Continued by SIGCONT, it goes on as if no time had passed. It takes one task at a time, so that a frozen process has no other
// one. Reports to its parent which task it received and what came of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { createDebitAndCredit } from '../../activities/wallet/debit-and-credit.ts';
import { createWalletActivities, type WalletActivities } from '../../activities/wallet/wallet.ts';
import { readSettings } from '../../process/config.ts';
import { guardInstallation } from '../../db/installation.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import { createLogger } from '../../process/telemetry.ts';
import { connectWorker } from '../../temporal/connection.ts';
import { openWalletDatabase } from '../../workers/wallet/main.ts';
import { installTemporalRuntime } from '../../workers/worker.ts';

export interface Told {
  readonly given?: string;
  readonly answered?: { readonly outcome: string };
}

type Input = Parameters<WalletActivities['debit' | 'credit']>[0];

const name = process.argv[2] as 'debit' | 'credit' | 'debitAndCredit';
const settings = readSettings();
const shard = settings.WALLET_SHARD!;
const activities = createWalletActivities(() => database);
const database = openWalletDatabase(settings, shard, guardInstallation());
installTemporalRuntime(createLogger(settings, 'freezing-worker'));
const worker = await Worker.create({
  connection: await connectWorker(settings),
  namespace: settings.TEMPORAL_NAMESPACE,
  taskQueue: walletTaskQueue(shard),
  maxConcurrentActivityTaskExecutions: 1,
  activities: {
    ...activities,
    ...frozen(),
  },
});
await worker.run();

function frozen(): Partial<WalletActivities> {
  const { debit, credit } = activities;
  if (name === 'debit') return { debit: freezeFirst(debit) };
  if (name === 'credit') return { credit: freezeFirst(credit) };
  return { debitAndCredit: createDebitAndCredit({ debit, credit: freezeFirst(credit) }) };
}

function freezeFirst<Answer extends { readonly outcome: string }>(
  operation: (input: Input) => Promise<Answer>,
): (input: Input) => Promise<Answer> {
  let hasFrozen = false;
  return async (input) => {
    if (hasFrozen) return operation(input);
    hasFrozen = true;
    await tell({ given: input.terms.transferId });
    process.kill(process.pid, 'SIGSTOP');
    // A signal takes effect at the latest when the process next waits.
    await sleep(50);
    const answered = await operation(input);
    await tell({ answered });
    return answered;
  };
}

function tell(what: Told): Promise<void> {
  return new Promise((resolve) => process.send!(what, () => resolve()));
}
