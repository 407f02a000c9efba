// The audit log: each change by a principal is in it once, with who made it, from its own transaction over the event log; nobody changes it.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { createAuthenticator, type RunningAuthenticator } from '../../api/access/authenticator.ts';
import { changeRecurringStatus, createRecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import { AUDIT_ACTION_NAMES } from '../../domain/audit-actions.ts';
import type { CloudEvent } from '../../domain/event.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { testApp } from '../pure/api-fakes.ts';
import { eventFaults } from '../pure/event-validation.ts';
import { installRoot, ROOT } from './access.ts';
import { copyOutbox, openOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { fresh, trace, walletsOver } from './wallets.ts';

interface Entry {
  readonly audit_event_id: string;
  readonly action: string;
  readonly object: string;
  readonly principal: string;
  readonly principal_id: string | null;
  readonly api_key_id: string | null;
  readonly details: Readonly<Record<string, string>>;
  readonly position: number;
  readonly at: string;
}

type Body = Record<string, unknown>;

describe('the audit log', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let access: TestDatabase;
  let authenticator: RunningAuthenticator;
  let app: ReturnType<typeof testApp>['app'];

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    access = await cluster.createAccessStore();
    await installRoot(access);
    authenticator = createAuthenticator(access.service, pino({ level: 'silent' }));
    ({ app } = testApp({
      authentication: authenticator,
      accessDatabase: access.service,
      database: stores.transfer.service,
      eventsDatabase: stores.events.service,
      wallets: { shards: stores.wallets.map(({ service }) => service) },
      webhooks: {
        box: createSecretBox([{ id: 'first', key: randomBytes(32) }]),
        guard: createUrlGuard(['127.0.0.0/8']),
        sendOnce: () => Promise.reject(new Error('nothing is sent')),
      },
    }));
  });
  after(async () => {
    authenticator?.stop();
    await cluster?.stop();
  });

  async function ask(method: string, path: string, body?: unknown, key = ROOT): Promise<Body> {
    const response = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': randomUUID(), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
    return (await response.json()) as Body;
  }

  async function entries(query = ''): Promise<Entry[]> {
    const outboxes = openOutboxes(cluster, stores).set('access', cluster.open(access.relayUrl));
    for (const source of outboxes.keys()) await copyOutbox(stores.events.service, outboxes, source);
    const { data } = await ask('GET', `/v1/audit-events?limit=200${query}`);
    return data as Entry[];
  }

  /** Oldest first. */
  const actionsOn = async (object: unknown): Promise<string[]> =>
    (await entries(`&object=${String(object)}`)).map(({ action }) => action).reverse();

  test('keys and principals that are made, rotated and revoked are in it, each once, with who did it', async () => {
    const { principal_id: principalId } = await ask('POST', '/v1/principals', { name: 'auditor', kind: 'human' });
    const scopes = ['audit:read', 'keys:write', 'keys:read'];
    const own = await ask('POST', '/v1/api-keys', { name: 'own', scopes, principal_id: principalId });
    const key = await ask('POST', '/v1/api-keys', { name: 'a', scopes: ['audit:read'] }, String(own['secret']));
    const rotated = await ask('POST', `/v1/api-keys/${String(key['api_key_id'])}/rotate`, {}, String(own['secret']));
    const next = String(rotated['api_key_id']);
    for (let n = 0; n < 2; n += 1) await ask('POST', `/v1/api-keys/${next}/revoke`, undefined, String(own['secret']));

    const done = (await entries(`&principal_id=${String(principalId)}`)).reverse();
    assert.deepEqual(
      done.map(({ action, object, details }) => ({ action, object, details })),
      [
        {
          action: 'key-created',
          object: key['api_key_id'],
          details: { name: 'a', of_principal_id: principalId, scopes: 'audit:read' },
        },
        { action: 'key-rotated', object: key['api_key_id'], details: { rotated_to: next } },
        { action: 'key-revoked', object: next, details: {} },
      ],
    );
    for (const entry of done) assert.deepEqual([entry.principal, entry.api_key_id], ['auditor', own['api_key_id']]);
    assert.deepEqual(await actionsOn(principalId), ['principal-created']);
  });

  test('a root key that is installed, and another in its place, are in it without a key', async () => {
    const installed = await entries('&action=key-installed');
    assert.deepEqual(
      installed.map(({ principal, principal_id, api_key_id, details }) => [
        principal,
        principal_id,
        api_key_id,
        details,
      ]),
      [['administrator', null, null, { name: 'root' }]],
    );
  });

  test('wallets that are suspended, activated and limited are in it, and repeats are not', async () => {
    const wallet = await walletsOver(stores.wallets.map(({ service }) => service)).open(fresh('audited'));
    for (let n = 0; n < 2; n += 1) {
      await ask('POST', `/v1/wallets/${wallet}/suspend`);
      await ask('PUT', `/v1/wallets/${wallet}/limits`, { max_amount: '5' });
    }
    await ask('POST', `/v1/wallets/${wallet}/activate`);
    assert.deepEqual(await actionsOn(wallet), ['wallet-suspended', 'wallet-limits-set', 'wallet-activated']);
    const [limits] = await entries(`&object=${wallet}&action=wallet-limits-set`);
    assert.deepEqual(limits!.details, { max_amount: '5.0000' });
    assert.equal(limits!.principal, 'root');
  });

  test('webhook endpoints and their secrets are in it, and no secret is in any outbox', async () => {
    const url = 'https://127.0.0.1/hooks/a-secret-path';
    const { webhook_endpoint_id: id, secret } = await ask('POST', '/v1/webhook-endpoints', { url });
    await ask('PATCH', `/v1/webhook-endpoints/${String(id)}`, { status: 'PAUSED' });
    const rotated = await ask('POST', `/v1/webhook-endpoints/${String(id)}/rotate-secret`);
    await ask('POST', `/v1/webhook-endpoints/${String(id)}/enable`);
    await ask('DELETE', `/v1/webhook-endpoints/${String(id)}`);
    assert.deepEqual(await actionsOn(id), [
      'webhook-endpoint-created',
      'webhook-endpoint-changed',
      'webhook-secret-rotated',
      'webhook-endpoint-enabled',
      'webhook-endpoint-deleted',
    ]);
    const written = (await Promise.all([stores.events, access].map(payloads))).flat().join('\n');
    assert.ok(written.includes('127.0.0.1'));
    for (const hidden of [secret, rotated['secret'], 'a-secret-path', 'cpk_'])
      assert.ok(!written.includes(String(hidden)));
  });

  test('a recurring transfer that is paused is in it', async () => {
    const id = randomUUID() as RecurringTransferId;
    const wallets = { senderWalletId: randomUUID() as never, receiverWalletId: randomUUID() as never };
    const rest = {
      reference: null,
      metadata: {},
      everySeconds: 3_600,
      calendar: null,
      timeZone: 'UTC',
      startsAt: null,
    };
    const terms = { ...wallets, amount: '1.0000', currency: 'USD' as never, ...rest, endsAt: null };
    const { service } = stores.transfer;
    await createRecurringTransfer(service, id, terms, { idempotencyKey: id, bodyHash: '00' }, trace);
    const by = { acting: { actor: 'alice' }, trace };
    for (let n = 0; n < 2; n += 1) await changeRecurringStatus(service, id, 'PAUSED', trace, by);
    assert.deepEqual(await actionsOn(id), ['recurring-transfer-changed']);
  });

  test('every event of it is valid by its schema, and the event log has it at its position, under the chain', async () => {
    const faultsOf = eventFaults();
    const all = await entries();
    assert.ok(all.length > 10);
    const logged = await rowsOf<{ position: number; event_id: string; payload: CloudEvent }>(
      stores.events.admin,
      `SELECT position::int, event_id, payload FROM event_log WHERE type LIKE 'audit.%'`,
    );
    assert.equal(logged.length, all.length);
    for (const { payload } of logged) assert.deepEqual(faultsOf({ ...payload }), []);
    for (const { position, action, audit_event_id: id } of all)
      assert.equal(logged.find((each) => each.position === position)?.event_id, `audit.${action}/${id}`);
  });

  test('pages and periods cover it without a gap, newest first', async () => {
    const all = await entries();
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await ask('GET', `/v1/audit-events?limit=3${cursor}`);
      seen.push(...(page['data'] as Entry[]).map(({ audit_event_id: id }) => id));
      const next = page['next_cursor'] as string | null;
      cursor = next === null ? '' : `&cursor=${next}`;
    } while (cursor !== '');
    assert.deepEqual(
      seen,
      all.map(({ audit_event_id: id }) => id),
    );
    const middle = encodeURIComponent(all[Math.floor(all.length / 2)]!.at);
    const [later, earlier] = [await entries(`&created_after=${middle}`), await entries(`&created_before=${middle}`)];
    assert.deepEqual([...later, ...earlier], all);
  });

  test('it needs a scope of its own, and refuses what is no filter', async () => {
    const { secret } = await ask('POST', '/v1/api-keys', { name: 'b', scopes: ['events:read'] });
    const status = async (path: string, key = ROOT): Promise<number> =>
      (await app.request(path, { headers: { authorization: `Bearer ${key}` } })).status;
    assert.equal(await status('/v1/audit-events', String(secret)), 403);
    for (const query of ['action=unheard-of', 'principal_id=x', 'created_after=yesterday', 'kind=human'])
      assert.ok([400, 422].includes(await status(`/v1/audit-events?${query}`)), query);
    assert.ok(AUDIT_ACTION_NAMES.length > 0);
  });

  test('the role of the events service reads it, and writes it only by appending to the event log', async () => {
    for (const write of [
      'INSERT INTO audit_log DEFAULT VALUES',
      `UPDATE audit_log SET principal = 'somebody else'`,
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
    ])
      await assert.rejects(rowsOf(stores.events.service, write), isDenied, write);
    for (const write of [`UPDATE outbox_events SET type = 'x'`, 'DELETE FROM outbox_events', 'TRUNCATE outbox_events'])
      await assert.rejects(rowsOf(access.service, write), isDenied, write);
  });

  async function payloads({ admin }: TestDatabase): Promise<string[]> {
    const rows = await rowsOf<{ text: string }>(admin, 'SELECT payload::text AS text FROM outbox_events');
    return rows.map(({ text }) => text);
  }
});

function isDenied(error: Error): boolean {
  return (error.cause as { code?: string } | undefined)?.code === '42501';
}
