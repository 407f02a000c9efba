// What the console says of approvals, of policies and of the audit log, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporalUiOf } from '../../api/console/temporal-ui.ts';
import { effectOfAll, effectOfApproving } from '../../console/format/approval-words.ts';
import { AUDIT_ACTIONS, instantIn, placeOfObject } from '../../console/format/audit-words.ts';
import { withOwnLane } from '../../console/format/own-lane.ts';
import { policyInWords, reasonInWords, whyInWords } from '../../console/format/policy-words.ts';
import { workflowOfTransfer } from '../../console/format/workflow-of.ts';
import { AUDIT_ACTION_NAMES } from '../../domain/audit-actions.ts';
import { readSettings } from '../../process/config.ts';
import { testApp } from './api-fakes.ts';

const asked = { kind: 'transfer' as const, amount: '12500.0000', currency: 'USD', needed: 2, given: 0 };
const terms = { capture_method: 'automatic' as const, scheduled_at: null, reverses_transfer_id: null };

test('an approval that is not the last one says that nothing moves yet, and the last one what moves', () => {
  assert.match(effectOfApproving(asked, terms), /^Nothing moves yet: one person more has to approve it\./);
  assert.match(
    effectOfApproving({ ...asked, given: 1 }, terms),
    /^One approval is missing, and yours would be the last, unless you have asked for it yourself\. The transfer begins at once: 12,500\.00 USD go from the sender to the receiver/,
  );
  assert.match(effectOfAll(asked, { ...terms, capture_method: 'manual' }), /taken from the sender and held/);
  assert.match(
    effectOfAll({ ...asked, kind: 'write_off' }, undefined),
    /12,500\.00 USD go to the outside world, and not back/,
  );
  assert.match(
    effectOfAll({ ...asked, kind: 'refund', amount: null }, undefined),
    /gets what was debited and has not arrived back/,
  );
});

test('a change of a policy says what would hold, and since when', () => {
  const change = { ...asked, kind: 'policy' as const, amount: null };
  const proposal = { action: 'set', above: '1000.0000', approvals: '2', expires_in: '259200', version: '1' };
  assert.match(
    effectOfAll({ ...change, proposal }, undefined),
    /^The new policy of USD takes effect at once: A transfer of more than 1,000\.00 USD needs 2 people more\./,
  );
  assert.match(
    effectOfApproving({ ...change, proposal: { action: 'end', version: '1' } }, undefined),
    /^Nothing changes yet: one person more has to approve it\. The end of the policy of USD then takes effect at once/,
  );
});

test('the grant of votes says whose votes count, and since when', () => {
  const grant = { ...asked, kind: 'grant' as const, amount: null, proposal: { principal: 'dave', principal_id: '' } };
  assert.match(effectOfAll(grant, undefined), /^The grant takes effect at once: the votes of dave count from then on/);
  assert.match(
    effectOfApproving(grant, undefined),
    /^Nothing changes yet: one person more has to approve it\. The grant then takes effect at once/,
  );
});

test('a policy is a sentence, with each of its bounds', () => {
  const policy = { currency: 'USD', above: '1000.0000', above_24h: null, approvals: 1, expires_in: 3 * 86_400 };
  assert.equal(
    policyInWords(policy),
    'A transfer of more than 1,000.00 USD needs one person more. It waits for up to 3 d.',
  );
  assert.match(
    policyInWords({ ...policy, above: null, above_24h: '5000.0000', approvals: 2 }),
    /^One by which its sender .* 2 people more/,
  );
});

test('what waits as long as there is a policy says which kind of thing that is', () => {
  assert.equal(whyInWords({ kind: 'transfer', reason: 'above' }), 'Because of its amount');
  assert.equal(reasonInWords({ kind: 'policy', reason: 'always' }), 'any change of a policy');
  assert.equal(whyInWords({ kind: 'grant', reason: 'always' }), 'Any grant of votes needs a second person');
  assert.equal(whyInWords({ kind: 'refund', reason: 'always' }), 'Because of an amount not known yet');
});

test('every action of the audit log can be filtered by, and its object is found', () => {
  assert.deepEqual([...AUDIT_ACTIONS].sort(), [...AUDIT_ACTION_NAMES].sort());
  assert.equal(placeOfObject('wallet-suspended', 'w 1'), '/wallets/w%201');
  assert.equal(placeOfObject('approval-policy-set', 'USD'), '/approvals/policies');
  assert.equal(placeOfObject('of-a-later-version', 'x'), undefined);
});

test('a day is an instant in UTC; what is none is left to the API', () => {
  assert.equal(instantIn('2026-11-29'), '2026-11-29T00:00:00Z');
  assert.equal(instantIn('2026-11-29 02:14'), '2026-11-29T02:14:00Z');
  assert.equal(instantIn('2026-11-29T02:14:07.001Z'), '2026-11-29T02:14:07.001Z');
});

test('the workflow of a transfer is its own, or that of its batch or group, and there is none before its approval', () => {
  const transfer = { transfer_id: 't', status: 'PENDING', batch_id: null, group_id: null };
  assert.equal(workflowOfTransfer(transfer), 'transfer/t');
  assert.equal(workflowOfTransfer({ ...transfer, batch_id: 'b' }), 'batch/b');
  assert.equal(workflowOfTransfer({ ...transfer, group_id: 'g' }), 'group/g');
  assert.equal(workflowOfTransfer({ ...transfer, status: 'AWAITING_APPROVAL' }), undefined);
});

test('the steps of a saga are in the lane of the service that leads it, which is first', () => {
  const [own, wallet] = [{ lane: 'transfer' }, { lane: 'wallet-0' }];
  assert.deepEqual(withOwnLane({ lanes: [wallet] }, own).lanes, [own, wallet]);
  assert.deepEqual(withOwnLane({ lanes: [wallet, { ...own }] }, own).lanes, [own, wallet]);
});

test('the page says where the Temporal Web UI is if a setting does, and cannot be broken by it', async () => {
  const settings = readSettings({ TEMPORAL_UI_URL: 'https://temporal.example.com/ui/?x="><script>' });
  const temporalUi = temporalUiOf(settings);
  assert.equal(temporalUi, 'https://temporal.example.com/ui/namespaces/default/workflows');
  const page = await (await testApp({ temporalUi }).app.request('/console')).text();
  assert.match(
    page,
    /<html [^>]*data-temporal-ui="https:\/\/temporal\.example\.com\/ui\/namespaces\/default\/workflows"/,
  );
  assert.equal(temporalUiOf(readSettings({})), undefined);
  assert.doesNotMatch(await (await testApp().app.request('/console')).text(), /data-temporal-ui/);
});
