// The audit of advances, by which the external wallet pays a sender back because an operator forced the refund: an advance needs
// a logged request, and a completed transfer may have one only if its end says so.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAuditedStack, type Audited, type AuditedStack } from './audited.ts';

describe('the audit of a completed transfer', () => {
  let stack: AuditedStack;
  before(async () => {
    stack = await startAuditedStack();
  });
  after(() => stack?.stop());

  const advance = ({ damage, ids, sender }: Audited) =>
    damage('sender', `SELECT advance('${ids.completed}', '${sender.id}', 'USD', 20, 'a test', NULL)`);
  const cancel = ({ damage, ids, sender }: Audited) =>
    damage('sender', `SELECT cancel('${ids.completed}', 'advance', '${sender.id}', 'USD', 20, 'credited')`);
  /** A case of the completed transfer, with these actions in its log. */
  const log = ({ damage, ids }: Audited, ...actions: string[]) =>
    damage(
      'transfer',
      `
      WITH opened AS (
        INSERT INTO cases (transfer_id, subject, reason, status, resolved_at)
        VALUES ('${ids.completed}', 'transfer/${ids.completed}', 'cancel_credit_failing', 'RESOLVED', now()) RETURNING case_id
      ), named AS (
        UPDATE transfers SET attention_case_id = opened.case_id FROM opened WHERE transfer_id = '${ids.completed}'
      )
      INSERT INTO case_actions (case_id, action, actor, comment)
      SELECT case_id, action, 'alice', 'a test' FROM opened, unnest('{${actions.join()}}'::text[]) action`,
    );

  const BREACHES: readonly [
    what: string,
    actions: string[],
    call: (audited: Audited) => Promise<void>,
    said: RegExp,
  ][] = [
    [
      'a sender that was paid in advance after the end, though an operator had asked for it',
      ['opened', 'refund', 'closed'],
      advance,
      /its sender was paid in advance, but not before it was COMPLETED/,
    ],
    [
      'a sender that was paid in advance, and nobody asked for it',
      ['opened', 'retry', 'advanced', 'closed'],
      advance,
      /its sender was paid in advance, but no operator asked for it/,
    ],
    [
      'a forced refund that may still be paid',
      ['opened', 'refund', 'closed'],
      async () => {},
      /it is COMPLETED, and its sender can still be paid in advance/,
    ],
    [
      'an end that says that the sender was paid in advance, where it was not',
      ['opened', 'refund', 'advanced', 'closed'],
      cancel,
      /its end says that its sender was paid in advance, which its fence does not/,
    ],
  ];
  for (const [what, actions, call, said] of BREACHES) {
    test(`names it: ${what}`, () =>
      stack.use(async (audited) => {
        await log(audited, ...actions);
        await call(audited);
        const { violations, totals } = await audited.audit();
        assert.deepEqual(totals, { I2: 1 }, JSON.stringify(violations));
        assert.match(violations[0]!.detail, said);
      }));
  }

  for (const [what, call, actions] of [
    ['was canceled before the end', cancel, ['opened', 'refund', 'closed']],
    ['was canceled, though nobody had asked for it', cancel, ['opened', 'closed']],
    ['was paid before the end, which says so', advance, ['opened', 'refund', 'advanced', 'closed']],
  ] as const) {
    test(`finds nothing wrong with an advance that ${what}`, () =>
      stack.use(async (audited) => {
        await log(audited, ...actions);
        await call(audited);
        assert.deepEqual((await audited.audit()).violations, []);
      }));
  }
});
