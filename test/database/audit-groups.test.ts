// The audit knows groups: the workflow of a group stands for those of its transfers while it is open, and has no business once all of
// them have ended. What a group leaves behind is broken by hand, and the audit names it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AuditReport } from '../../audit/audit.ts';
import { startAuditedStack, type AuditedStack } from './audited.ts';

const GROUP = '00000000-0000-4000-8000-000000000001';

function inGroup(...transferIds: string[]): string {
  return `UPDATE transfers SET group_id = '${GROUP}' WHERE transfer_id IN (${transferIds.map((id) => `'${id}'`).join()})`;
}

function sentencesOf({ violations }: AuditReport): string[] {
  return violations.map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`);
}

describe('the audit of a group', () => {
  let stack: AuditedStack;
  before(async () => {
    stack = await startAuditedStack();
  });
  after(() => stack?.stop());

  test('a transfer under way in an open group is no breach, whatever has become of the others', () =>
    stack.use(async ({ audit, damage, ids, open }) => {
      for (const id of [ids.debited, ids.pending]) open.delete(`transfer/${id}`);
      open.add(`group/${GROUP}`);
      await damage('transfer', inGroup(ids.debited, ids.pending, ids.completed, ids.refused));
      assert.deepEqual(sentencesOf(await audit()), []);
    }));

  test('a transfer that goes on by itself is no breach, be its group open or not', () =>
    stack.use(async ({ audit, damage, ids, open }) => {
      await damage('transfer', inGroup(ids.debited, ids.completed));
      assert.deepEqual(sentencesOf(await audit()), []);
      open.add(`group/${GROUP}`);
      assert.deepEqual(sentencesOf(await audit()), []);
    }));

  test('what Temporal still lists of a group that has ended is no breach', () =>
    stack.use(async ({ audit, damage, ids }) => {
      await damage('transfer', inGroup(ids.completed));
      assert.deepEqual(sentencesOf(await audit({ visible: [`group/${GROUP}`] })), []);
    }));

  test('a transfer under way whose group has closed without a workflow for it is named', () =>
    stack.use(async ({ audit, damage, ids, open }) => {
      open.delete(`transfer/${ids.debited}`);
      await damage('transfer', inGroup(ids.debited));
      assert.deepEqual(sentencesOf(await audit()), [
        `I5 transfer ${ids.debited}: it has not ended, but no workflow of it is open`,
      ]);
    }));

  test('the open group of others does not stand for a transfer', () =>
    stack.use(async ({ audit, damage, ids, open }) => {
      open.delete(`transfer/${ids.debited}`);
      open.add(`group/${GROUP}`);
      await damage('transfer', inGroup(ids.pending));
      assert.deepEqual(sentencesOf(await audit()), [
        `I5 transfer ${ids.debited}: it has not ended, but no workflow of it is open`,
      ]);
    }));

  for (const [what, members] of [
    ['whose transfers have all ended', ['completed', 'refused', 'canceled']],
    ['that nobody was ever in', []],
  ] as const)
    test(`an open group ${what} is named`, () =>
      stack.use(async ({ audit, damage, ids, open }) => {
        open.add(`group/${GROUP}`);
        if (members.length > 0) await damage('transfer', inGroup(...members.map((name) => ids[name])));
        assert.deepEqual(sentencesOf(await audit()), [
          `I5 group ${GROUP}: its workflow is open, but it has ended or never was`,
        ]);
      }));

  test('a completed transfer of a group whose credit never was is named', () =>
    stack.use(async ({ audit, damage, ids, receiver }) => {
      await damage('transfer', inGroup(ids.completed));
      await damage(
        'receiver',
        `
        DELETE FROM ledger_entries WHERE transaction_id = '${ids.completed}';
        DELETE FROM operation_fences WHERE transaction_id = '${ids.completed}';
        DELETE FROM outbox_events WHERE subject = '${ids.completed}' OR payload::text LIKE '%${ids.completed}%';
        UPDATE wallets SET balance = balance - 20, last_sequence = last_sequence - 1 WHERE wallet_id = '${receiver.id}'`,
      );
      const report = await audit();
      assert.ok(report.totals.I2! > 0, sentencesOf(report).join('\n'));
    }));
});
