// Webhooks are signed as Standard Webhooks says, by the official library's judgment, and their secrets are sealed at rest.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import { newSecret, signatureHeaders } from '../../webhooks/signature.ts';

const BODY = '{"position":42,"type":"transfer.completed","data":{"note":"ü ✓"}}';

describe('signatures', () => {
  const sign = (secrets: readonly string[], at = new Date()) => signatureHeaders('evt_42', BODY, secrets, at);

  test('the official library verifies the signature, and refuses another body, id, time or secret', () => {
    const secret = newSecret();
    const webhook = new Webhook(secret);
    const headers = sign([secret]);
    assert.deepEqual(webhook.verify(BODY, headers), JSON.parse(BODY));
    assert.equal(headers['webhook-id'], 'evt_42');
    assert.throws(() => webhook.verify(BODY.replace('42', '43'), headers));
    assert.throws(() => webhook.verify(BODY, { ...headers, 'webhook-id': 'evt_43' }));
    assert.throws(() => webhook.verify(BODY, sign([secret], new Date(Date.now() - 3_600_000))));
    assert.throws(() => new Webhook(newSecret()).verify(BODY, headers));
  });

  test('while two secrets sign, the library verifies by either of them', () => {
    const [current, previous] = [newSecret(), newSecret()];
    const headers = sign([current, previous]);
    for (const secret of [current, previous]) new Webhook(secret).verify(BODY, headers);
    assert.throws(() => new Webhook(newSecret()).verify(BODY, headers));
  });

  test('a secret has 24 to 64 bytes, as the standard wants it', () => {
    const bytes = Buffer.from(newSecret().replace(/^whsec_/, ''), 'base64');
    assert.ok(bytes.length >= 24 && bytes.length <= 64);
    assert.notEqual(newSecret(), newSecret());
  });
});

describe('sealed secrets', () => {
  const [old, young] = ['old', 'young'].map((id) => ({ id, key: randomBytes(32) })) as [SealedKey, SealedKey];
  type SealedKey = { id: string; key: Buffer };
  const box = createSecretBox([old]);

  test('a sealed secret opens for its owner, and holds nothing of its text', () => {
    const sealed = box.seal('whsec_abc', 'endpoint');
    assert.equal(box.open(sealed, 'endpoint'), 'whsec_abc');
    assert.doesNotMatch(sealed, /whsec|abc/);
    assert.notEqual(sealed, box.seal('whsec_abc', 'endpoint'));
  });

  test('it does not open for another owner, changed, cut short or without its key', () => {
    const sealed = box.seal('whsec_abc', 'endpoint');
    assert.throws(() => box.open(sealed, 'another'));
    for (const part of [2, 3, 4]) {
      const parts = sealed.split('.');
      parts[part] = Buffer.from(parts[part]!, 'base64url').fill(7, 0, 1).toString('base64url');
      assert.throws(() => box.open(parts.join('.'), 'endpoint'), `part ${part}`);
      assert.throws(() => box.open(parts.with(part, parts[part]!.slice(0, 4)).join('.'), 'endpoint'));
    }
    assert.throws(() => createSecretBox([young]).open(sealed, 'endpoint'), /the key old, which WEBHOOK_KEYS/);
  });

  test('after a rotation the new key seals, and what the old one sealed still opens', () => {
    const rotated = createSecretBox([young, old]);
    const sealed = box.seal('whsec_abc', 'endpoint');
    assert.equal(rotated.open(sealed, 'endpoint'), 'whsec_abc');
    assert.deepEqual([rotated.isCurrent(sealed), rotated.isCurrent(rotated.seal('x', 'endpoint'))], [false, true]);
  });
});
