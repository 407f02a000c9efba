// The secrets of a webhook endpoint over a real database: which of them sign while they are rotated, and how they are sealed.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import type { Delivered } from '../pure/webhook-receiver.ts';
import { rowsOf } from './database.ts';
import { openWebhookApi, useHooks, type Hooks } from './webhooks.ts';

describe('the secrets of webhook endpoints', () => {
  let hooks: Hooks;
  const { open, receiver } = useHooks();
  const api = async () => openWebhookApi((hooks = await open()));
  const arrived = (received: readonly Delivered[], count: number) =>
    hooks.until(`${count} arrived`, () => received.length >= count);

  test('while a secret is rotated, each message verifies by the old one and by the new one; after that by the new one', async () => {
    const { ask, create } = await api();
    const { url, received } = await receiver();
    const { id, secret: old } = await create(url);
    hooks.start();
    const young = (await ask('POST', `/${id}/rotate-secret`, { expires_in: 3_600 })).body.secret;
    await hooks.append({ subject: 'a' });
    await arrived(received, 1);
    const verify = (secret: string, { body, headers }: Delivered): unknown =>
      new Webhook(secret).verify(body, headers as Record<string, string>);
    for (const secret of [old, young]) verify(secret, received[0]!);
    assert.equal((await ask('POST', `/${id}/test`)).body['delivered'], true);
    const tested = received.pop()!;
    for (const secret of [old, young]) verify(secret, tested);
    const again = (await ask('POST', `/${id}/rotate-secret`, { expires_in: 60 })).body;
    assert.ok(
      Date.parse(again['previous_secret_expires_at'] as string) > Date.now() + 3_000_000,
      'the oldest signs on',
    );
    const youngest = again.secret;
    await hooks.append({ subject: 'a' });
    await arrived(received, 2);
    for (const secret of [old, young, youngest]) verify(secret, received[1]!);
    const last = (await ask('POST', `/${id}/rotate-secret`, { expires_in: 0 })).body.secret;
    await hooks.append({ subject: 'a' });
    await arrived(received, 3);
    verify(last, received[2]!);
    for (const secret of [old, young, youngest]) assert.throws(() => verify(secret, received[2]!));
  });

  test('each secret of before signs until its own time, however often it is rotated, and five sign at most', async () => {
    const { ask, create } = await api();
    const { url, received } = await receiver();
    const { id, secret } = await create(url);
    const rotate = (body = {}) => ask('POST', `/${id}/rotate-secret`, body);
    const secrets = [secret];
    for (let count = 0; count < 4; count += 1) secrets.push((await rotate()).body.secret);
    const exceeded = await rotate();
    assert.deepEqual([exceeded.status, exceeded.body.code], [409, 'webhook_secrets_exceeded']);
    const signing = async (): Promise<number[]> => {
      await ask('POST', `/${id}/test`);
      const { body, headers } = received.at(-1)!;
      const verifies = (each: string): boolean => {
        try {
          return Boolean(new Webhook(each).verify(body, headers as Record<string, string>));
        } catch {
          return false;
        }
      };
      return secrets.flatMap((each, index) => (verifies(each) ? [index] : []));
    };
    assert.deepEqual(await signing(), [0, 1, 2, 3, 4]);
    await rowsOf(
      hooks.events.admin,
      `UPDATE webhook_endpoints SET older_secrets = jsonb_set(older_secrets, '{1,expires_at}', to_jsonb(now() - interval '1 s'))`,
    );
    assert.deepEqual(await signing(), [0, 2, 3, 4]);
    secrets.push((await rotate()).body.secret);
    assert.deepEqual(await signing(), [0, 2, 3, 4, 5]);
    assert.equal((await rotate()).body.code, 'webhook_secrets_exceeded');
    secrets.push((await rotate({ expires_in: 0 })).body.secret);
    assert.deepEqual(await signing(), [6]);
  });

  test('every secret that signs is sealed anew with a new key, after which the old key can be removed', async () => {
    const { ask, create } = await api();
    const { url, received } = await receiver();
    const { id, secret } = await create(url);
    for (let count = 0; count < 2; count += 1) await ask('POST', `/${id}/rotate-secret`);
    const young = { id: 'young', key: randomBytes(32) };
    const alone = createSecretBox([young]);
    hooks.start({
      box: { ...alone, open: (sealed, owner) => (alone.isCurrent(sealed) ? alone : hooks.box).open(sealed, owner) },
    });
    await hooks.append({ subject: 'a' });
    await arrived(received, 1);
    const { secret: present, previousSecret, olderSecrets } = await hooks.find(id);
    const opened = [present, previousSecret!, olderSecrets[0]!.secret].map((sealed) => alone.open(sealed, id));
    assert.equal(new Set(opened).size, 3);
    assert.equal(opened[2], secret);
  });
});
