import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDebitAndCredit, type TransferLeg } from '../../activities/wallet/debit-and-credit.ts';

const LEG = {} as TransferLeg;
const applied = async () => ({ outcome: 'applied' }) as const;
const refused = async () => ({ outcome: 'rejected', reason: 'insufficient_funds' }) as const;
const failing = async (): Promise<never> => {
  throw new Error('gone');
};
const neverAsked = async (): Promise<never> => {
  throw new Error('the credit is not to be asked for');
};

describe('both legs in one activity', () => {
  test('are applied one after the other', async () => {
    const asked: string[] = [];
    const leg = (name: string) => async () => {
      asked.push(name);
      return applied();
    };
    const both = createDebitAndCredit({ debit: leg('debit'), credit: leg('credit') });
    const { debit, debitedAtMs, credit } = await both(LEG);
    assert.deepEqual([debit.outcome, credit?.outcome], ['applied', 'applied']);
    assert.ok(Math.abs(debitedAtMs! - Date.now()) < 60_000);
    assert.deepEqual(asked, ['debit', 'credit']);
  });

  test('end with a debit that is refused, and fail with one that fails', async () => {
    const answer = await createDebitAndCredit({ debit: refused, credit: neverAsked })(LEG);
    assert.deepEqual(answer, { debit: { outcome: 'rejected', reason: 'insufficient_funds' } });
    await assert.rejects(createDebitAndCredit({ debit: failing, credit: neverAsked })(LEG), /gone/);
  });

  test('leave a credit that fails to whoever asked, with its error', async () => {
    const { debit, debitedAtMs, ...rest } = await createDebitAndCredit({ debit: applied, credit: failing })(LEG);
    assert.equal(debit.outcome, 'applied');
    assert.ok(debitedAtMs !== undefined);
    assert.deepEqual(rest, { creditError: 'Error: gone' });
  });

  test('leave the credit too after a debit so slow that it might outlast the activity', async () => {
    const slow = async () => {
      await sleep(1_600);
      return applied();
    };
    const { debit, debitedAtMs, ...rest } = await createDebitAndCredit({ debit: slow, credit: neverAsked })(LEG);
    assert.equal(debit.outcome, 'applied');
    assert.ok(debitedAtMs !== undefined);
    assert.deepEqual(rest, {});
  });
});
