// An operator's refund of a lost transfer that was half done, on the time-skipping server. test/database/lost-rows.test.ts shows
// how the fences tell what is half done; here that is given, so that the order of the steps is what is tested.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { ReconciliationActivities } from '../../activities/transfer/reconciliation.ts';
import { EMPTY_TALLY } from '../../domain/transfer/reconciliation.ts';
import type { Currency } from '../../domain/currency.ts';
import type { CaseId, InstallationId, TransferId, WalletId } from '../../domain/ids.ts';
import type { HalfDone } from '../../domain/transfer/half-done.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { refundCaseWorkflowId, TRANSFER_TASK_QUEUE } from '../../workflows/transfer/messages.ts';
import type { refundCase } from '../../workflows/transfer/refund-case.ts';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createServices, unavailable, type Faults } from './services.ts';

const environment = useEnvironment();
const trace = { requestId: 'test-request' };
const terms: TransferTerms = {
  transferId: '7d1f0c2e-94ab-4c65-8e21-3a5b6c7d8e9f' as TransferId,
  senderWalletId: '0a'.padEnd(36, '0') as WalletId,
  receiverWalletId: 'fa'.padEnd(36, '0') as WalletId,
  amount: '25.0000',
  currency: 'USD' as Currency,
};

describe("the refund of a case's transfer", () => {
  async function execute(
    history: string,
    {
      faults = {},
      debits = [terms],
      subject = 'transfer/t',
      isCredited = false,
    }: { faults?: Faults; debits?: HalfDone[]; subject?: string | null; isCredited?: boolean },
  ) {
    const services = createServices(faults);
    await services.activities.debit({ terms, trace });
    if (isCredited) await services.activities.credit({ terms, trace });
    const judged: string[] = [];
    const told: (string | undefined)[] = [];
    const reconciliation: Pick<ReconciliationActivities, 'subjectOfCase' | 'leftHalfDone' | 'settleSuspects'> = {
      subjectOfCase: async () => subject,
      leftHalfDone: async () => debits,
      settleSuspects: async ({ subjects, refunded }) => {
        judged.push(...subjects);
        told.push(refunded?.caseId);
        return EMPTY_TALLY;
      },
    };
    const activities = { ...services.activities, ...reconciliation };
    return withWorkers({ ...services, activities }, async () => {
      const caseId = history as CaseId;
      const handle = await environment().client.workflow.start<typeof refundCase>('refundCase', {
        workflowId: refundCaseWorkflowId(caseId),
        taskQueue: TRANSFER_TASK_QUEUE,
        args: [{ caseId, walletShardCount: 2, trace, installationId: 'installation' as InstallationId }],
      });
      const count = await handle.result();
      await keepHistory(history, handle);
      return { count, judged, told, services };
    });
  }

  it('forbids the credit, gives the debit back, and has the case told of it and looked at', async () => {
    const { count, judged, told, services } = await execute('refund-case-refunded', {});
    assert.deepEqual(services.attempts, ['debit', 'cancelCredit', 'refund']);
    assert.deepEqual([count, judged, services.refunded()], [1, ['transfer/t'], true]);
    assert.deepEqual(told, ['refund-case-refunded']);
  });

  it('gives nothing back of a credit that turns out to have landed', async () => {
    const { services } = await execute('refund-case-credited', { isCredited: true });
    assert.deepEqual(services.settled, [{ credited: terms.amount, to: 'sender' }]);
    assert.equal(services.refunded(), false);
  });

  it('gives back what a hold leaves of which a part was captured, and takes nothing from the receiver', async () => {
    const debits = [{ ...terms, credited: '15.0000' }];
    const { services } = await execute('refund-case-captured', { debits, isCredited: true });
    assert.deepEqual(services.attempts, ['debit', 'credit', 'cancelCredit', 'refund']);
    assert.deepEqual(services.settled, [{ credited: '15.0000', to: 'sender' }]);
  });

  it('goes on until a shard that is down answers', async () => {
    const { services } = await execute('refund-case-retried', {
      faults: {
        before: (name, nth) => {
          if (name === 'refund' && nth <= 30) throw unavailable();
        },
      },
    });
    assert.equal(services.refunded(), true);
  });

  it('does nothing where nothing is half done, or where the case is closed', async () => {
    const none = await execute('refund-case-nothing', { debits: [] });
    assert.deepEqual([none.count, none.judged, none.services.attempts], [0, ['transfer/t'], ['debit']]);
    const closed = await execute('refund-case-closed', { subject: null });
    assert.deepEqual([closed.count, closed.judged, closed.services.attempts], [0, [], ['debit']]);
  });
});
