// Every operation of the OpenAPI document that is not safe writes its entry of the audit log, or is in the list of those that need none.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openDisagreement } from '../../db/transfer/case-queries.ts';
import { recordTransferAttention } from '../../db/transfer/queries.ts';
import { AUDIT_ACTION_NAMES, type AuditAction } from '../../domain/audit-actions.ts';
import { consignmentId, shipmentId } from '../../domain/derived-id.ts';
import type { CaseId, TransferId } from '../../domain/ids.ts';
import { ROOT } from './access.ts';
import { bodyOf, type Body } from './approving.ts';
import { startAuditedApi, type Asked, type AuditedApi, type Operation, type Written } from './audited-api.ts';
import { rowsOf } from './database.ts';
import { fresh } from './wallets.ts';

/**
 * What writes no entry, and why. A further operation belongs here only if the log of events tells of what it has done, or there is
 * nothing.
 */
const WITHOUT_ENTRY: ReadonlySet<string> = new Set<Operation>([
  // Movements: what a key moves money for is in the log of events as it was, by transfer.initiated and what follows. Those that wait for
  // approvals have an entry of that.
  ...(['createTransfer', 'createTransaction', 'createTransferBatch', 'reverseTransfer', 'captureTransfer'] as const),
  'triggerRecurringTransfer',
  // As movements are: order.placed and what follows.
  'createOrder',
  // They change nothing that is stored. Of a link, the key that somebody gets by it is in the log.
  ...(['tryTransferBatch', 'testWebhookEndpoint', 'createConsoleLink'] as const),
]);

/** What an administrator does without the API. */
const BY_NO_ROUTE: readonly AuditAction[] = ['key-installed'];

const VOTING = ['transfers:write', 'approvals:read', 'approvals:write'];
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

describe('the audit log', () => {
  let api: AuditedApi;
  const done = new Set<string>();
  const seen = new Set<string>(BY_NO_ROUTE);
  before(async () => {
    api = await startAuditedApi();
  });
  after(() => api?.stop());

  const own = ({ tenant }: Written): boolean => tenant === 'default';

  /** Has an operation done, of which the audit log of the default tenant then has this one entry, by the principal of the key. */
  async function does(operation: Operation, action: AuditAction, asked: Asked = {}, by = 'root'): Promise<Body> {
    const { body, written } = await api.ask(operation, asked);
    assert.deepEqual(
      written.filter(own).map((entry) => [entry.action, entry.data['principal']]),
      [[action, by]],
      operation,
    );
    done.add(operation);
    seen.add(action);
    return body;
  }

  /** Does again what was done before, which changes nothing, so that nothing is written. */
  async function doesNothing(operation: Operation, asked: Asked): Promise<void> {
    assert.deepEqual((await api.ask(operation, asked)).written, [], operation);
  }

  /** What has no entry of its own, or another one. */
  const make = async (operation: Operation, asked: Asked): Promise<Body> => (await api.ask(operation, asked)).body;

  const text = (body: Body, name: string): string => String(body[name]);

  test('has what is done to principals, keys and tenants', async () => {
    const ann = await does('createPrincipal', 'principal-created', { body: { name: 'ann', kind: 'human' } });
    const asked = { name: 'hers', scopes: ['events:read'], principal_id: ann['principal_id'] };
    const key = await does('createApiKey', 'key-created', { body: asked });
    const of = { api_key_id: text(key, 'api_key_id') };
    const next = await does('rotateApiKey', 'key-rotated', { of, body: {} });
    await does('revokeApiKey', 'key-revoked', { of: { api_key_id: text(next, 'api_key_id') } });
    await does('createConsoleSession', 'key-created', { body: { link: await link(ROOT) } });

    const { root_key: rootKey } = await does('createTenant', 'tenant-created', { body: { name: 'acme' } });
    const theirs = await link(text(rootKey as Body, 'secret'));
    const { written } = await api.ask('createConsoleSession', { body: { link: theirs } });
    assert.deepEqual(
      written.map(({ action, tenant }) => [action, tenant]),
      [['key-created', 'acme']],
    );
    await does('replaceTenantRootKey', 'tenant-root-key-replaced', { of: { tenant: 'acme' } });

    async function link(as: string): Promise<string> {
      return text(await make('createConsoleLink', { as }), 'path').split('#link=')[1]!;
    }
  });

  test('has what is done to wallets', async () => {
    const opened = await does('createWallet', 'wallet-opened', { body: { user_id: fresh('audited') } });
    const of = { wallet_id: text(opened, 'wallet_id') };
    await does('suspendWallet', 'wallet-suspended', { of });
    await doesNothing('suspendWallet', { of });
    await does('activateWallet', 'wallet-activated', { of });
    await does('setWalletLimits', 'wallet-limits-set', { of, body: { max_amount: '5' } });
  });

  test('has policies, and what waits for approvals by them', async () => {
    const of = { currency: 'CHF' };
    const [asking, voting] = [await keyOf('asking', [...VOTING, 'policies:write']), await keyOf('voting')];
    await does('setApprovalPolicy', 'approval-policy-set', { of, body: { version: 0, above: '100' } });
    const vote = async (operation: Operation, action: AuditAction, as: string, by: string): Promise<void> => {
      const { body, written } = await api.ask('createTransfer', { body: bodyOf('CHF', '500'), as: asking });
      assert.deepEqual(
        written.map((entry) => [entry.action, entry.data['principal']]),
        [['approval-asked', 'asking']],
      );
      seen.add('approval-asked');
      const which = { approval_id: text(body, 'transfer_id') };
      const { body_hash, policy_version } = await make('getApproval', { of: which });
      await does(operation, action, { of: which, as, body: { body_hash, policy_version, comment: 'seen' } }, by);
    };
    await vote('approveTransfer', 'approval-voted', voting, 'voting');
    await vote('rejectTransfer', 'approval-voted', voting, 'voting');
    await vote('overrideApproval', 'approval-overridden', ROOT, 'root');
    // A change of a policy waits for approvals itself, and is in the log once it is made.
    const change = await does(
      'endApprovalPolicy',
      'approval-asked',
      { of, as: asking, body: { version: 1 } },
      'asking',
    );
    const { approval_id, body_hash, policy_version } = change;
    const agreed = { body_hash, policy_version, comment: 'seen' };
    const which = { approval_id: String(approval_id) };
    const { written } = await api.ask('approveTransfer', { of: which, as: voting, body: agreed });
    assert.deepEqual(
      new Set(written.map((entry) => `${entry.action} by ${entry.data['principal']}`)),
      new Set(['approval-policy-ended by asking', 'approval-voted by voting']),
    );
    seen.add('approval-policy-ended');
  });

  test('has what is decided about transfers and cases, and who has a transfer canceled', async () => {
    const plain = bodyOf('USD', '7');
    const of = { transfer_id: text(await make('createTransfer', { body: plain }), 'transfer_id') };
    await does('cancelTransfer', 'transfer-cancel-asked', { of });
    await does('cancelTransferByKey', 'transfer-cancel-asked', { body: plain, key: fresh('given up') });
    const { transfer } = api.stack.stores;
    const id = of.transfer_id as TransferId;
    await recordTransferAttention(transfer.service, id, 'cancel_credit_failing', 'said by a test');
    await does('resolveTransfer', 'transfer-decided', { of, body: { action: 'retry', comment: 'as agreed' } });
    const other = text(await make('createTransfer', { body: plain }), 'transfer_id');
    const finding = { subject: `transfer/${other}`, reason: 'entries_disagree', detail: 'said by a test' } as const;
    await openDisagreement(transfer.service, finding, 0);
    const [found] = await rowsOf<{ id: CaseId }>(
      transfer.admin,
      `SELECT case_id AS id FROM cases WHERE transfer_id = '${other}'`,
    );
    const decision = { action: 'close', comment: 'as agreed' };
    await does('resolveCase', 'case-decided', { of: { case_id: found!.id }, body: decision });
    const run = await does('createReconciliationRun', 'reconciliation-run-asked', { body: { scope: 'all' } });
    assert.equal(run['status'], 'RUNNING');
  });

  test('has recurring transfers that are made, paused, resumed and ended', async () => {
    const terms = { ...bodyOf('USD', '2'), every: 86_400, time_zone: 'UTC' };
    const again = { body: terms, key: fresh('recurring') };
    const made = await does('createRecurringTransfer', 'recurring-transfer-created', again);
    await doesNothing('createRecurringTransfer', again);
    const of = { recurring_transfer_id: text(made, 'recurring_transfer_id') };
    await does('pauseRecurringTransfer', 'recurring-transfer-changed', { of });
    await does('resumeRecurringTransfer', 'recurring-transfer-changed', { of });
    await does('deleteRecurringTransfer', 'recurring-transfer-changed', { of });
    await doesNothing('deleteRecurringTransfer', { of });
  });

  test('has products and stock, each change once', async () => {
    const of = { sku: fresh('teapot') };
    const product = { of, body: { unit_price: '19.90', currency: 'USD', name: 'Teapot, 1 l' } };
    await does('putProduct', 'product-set', product);
    await doesNothing('putProduct', product);
    await does('putProduct', 'product-set', { of, body: { unit_price: '21.00', currency: 'USD' } });
    await does('countStock', 'stock-counted', { of, body: { on_hand: 5 } });
    await doesNothing('countStock', { of, body: { on_hand: 5 } });
    await does('countStock', 'stock-counted', { of: { sku: fresh('none') }, body: { on_hand: 0 } });
    const receipt = { of, key: fresh('receipt'), body: { quantity: 3, unit_cost: '7.25', reason: 'a purchase' } };
    await does('receiveStock', 'stock-received', receipt);
    await doesNothing('receiveStock', receipt);
    await does('adjustStock', 'stock-adjusted', { of, body: { quantity: -2, reason: 'broken' } });
  });

  test('has what is asked of orders, once for each key, and what is decided about them', async () => {
    const { pending, confirmed, issued } = api.stack.filled.orders;
    const cancel = { of: { order_id: pending.orderId } };
    await does('cancelOrder', 'order-cancel-asked', cancel);
    await doesNothing('cancelOrder', cancel);
    await does('cancelOrder', 'order-cancel-asked', { ...cancel, as: await keyOf('buyer', ['orders:write']) }, 'buyer');
    const handOver = { of: { order_id: confirmed.orderId, n: '1' }, body: { carrier_reference: 'van 7' } };
    await does('handOverConsignment', 'hand-over-asked', handOver);
    await doesNothing('handOverConsignment', handOver);
    await does('handOverConsignment', 'hand-over-asked', { ...handOver, body: { carrier_reference: 'van 8' } });
    const decision = { action: 'retry', comment: 'the line is up again' };
    await does('resolveOrder', 'order-decided', { of: { order_id: issued.orderId }, body: decision });
  });

  test('has returns and shipments', async () => {
    const { issued, partly } = api.stack.filled.orders;
    const report = {
      of: { shipment_id: shipmentId(consignmentId(issued.orderId, 1)) },
      body: { event_id: fresh('report'), status: 'DELIVERED', at: '2026-03-01T12:00:00.123Z' },
    };
    await does('createCarrierEvent', 'carrier-event-recorded', report);
    await doesNothing('createCarrierEvent', report);

    const lines = [{ sku: 'lamp', quantity: 1 }];
    const announce = { of: { order_id: partly.orderId }, body: { lines }, key: fresh('return') };
    const made = await does('createReturn', 'return-requested', announce);
    await doesNothing('createReturn', announce);
    const of = { return_id: text(made, 'return_id') };
    await does('receiveReturn', 'return-received', { of, body: { scrapped: ['lamp'] } });
    await doesNothing('receiveReturn', { of });
    const due = `UPDATE returns SET status = 'REFUND_DUE' WHERE return_id = '${of.return_id}'`;
    await rowsOf(api.stack.services.order.admin, due);
    await does('receiveReturn', 'return-refund-asked', { of });
  });

  test('has what is done to webhook endpoints', async () => {
    const made = await does('createWebhookEndpoint', 'webhook-endpoint-created', {
      body: { url: 'https://example.com/hooks' },
    });
    const of = { webhook_endpoint_id: text(made, 'webhook_endpoint_id') };
    await does('updateWebhookEndpoint', 'webhook-endpoint-changed', { of, body: { status: 'PAUSED' } });
    await does('rotateWebhookSecret', 'webhook-secret-rotated', { of, body: {} });
    await does('enableWebhookEndpoint', 'webhook-endpoint-enabled', { of, body: { from: 'now' } });
    const replay = { of, body: { from_position: 1, to_position: 1 }, key: fresh('replay') };
    await does('createWebhookReplay', 'webhook-replay-asked', replay);
    await doesNothing('createWebhookReplay', replay);
    await does('deleteWebhookEndpoint', 'webhook-endpoint-deleted', { of });
  });

  test('has rebuilds of projections, dead letters that are tried again, and outboxes that are resumed', async () => {
    const { events } = api.stack.stores;
    const of = { projection: 'flows' };
    await does('rebuildProjection', 'projection-rebuild-asked', { of });
    await doesNothing('rebuildProjection', { of });
    await rowsOf(
      events.admin,
      `INSERT INTO parked_events (consumer, event_id, position, subject, event, attempts)
       VALUES ('flows.1', 'a', 1, 's', '{}', 5), ('flows.2', 'b', 2, 's', '{}', 5)`,
    );
    const one = { ...of, event_id: 'b' };
    assert.equal((await does('retryDeadLetters', 'dead-letters-retried', { of: one }))['retried_count'], 1);
    assert.equal((await does('retryDeadLetters', 'dead-letters-retried', { of }))['retried_count'], 1);
    await doesNothing('retryDeadLetters', { of });
    await rowsOf(events.admin, `UPDATE outbox_cursors SET stopped_reason = 'restored' WHERE source = 'transfer'`);
    const asked = { of: { source: 'transfer' }, body: { comment: 'as agreed' } };
    await does('resumeEventSource', 'event-source-resumed', asked);
  });

  test('has every operation that is not safe, but for those that are listed as needing no entry', async () => {
    const document = (await (await api.app.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const unsafe = Object.values(document.paths).flatMap((methods) =>
      Object.entries(methods).flatMap(([method, { operationId }]) =>
        SAFE.includes(method.toUpperCase()) ? [] : [operationId],
      ),
    );
    assert.deepEqual(unsafe.toSorted(), [...done, ...WITHOUT_ENTRY].toSorted());
    assert.deepEqual([...AUDIT_ACTION_NAMES].toSorted(), [...seen].toSorted(), 'no action is written by nothing');
  });

  /** A key of a further principal, which root has made. */
  async function keyOf(name: string, scopes = VOTING) {
    const { principal_id } = await make('createPrincipal', { body: { name, kind: 'human' } });
    return text(await make('createApiKey', { body: { name, scopes, principal_id } }), 'secret');
  }
});
