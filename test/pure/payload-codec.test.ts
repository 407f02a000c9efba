// The encryption of payloads, and the workflows' histories under it.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import {
  decodeOptionalFailureToOptionalError,
  encodeErrorToFailure,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { readSettings, SettingsError } from '../../process/config.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import { createPayloadCodec, PayloadUnreadable, type PayloadKey } from '../../temporal/payload-codec.ts';

const old: PayloadKey = { id: 'old', key: Buffer.alloc(32, 1) };
const young: PayloadKey = { id: 'young', key: Buffer.alloc(32, 2) };
const MARKER = 'the-amount-is-4711.0815';
const payload = defaultPayloadConverter.toPayload({ amount: MARKER });

describe('a payload that is encrypted', () => {
  test('shows nothing of its content, and is read again', async () => {
    const codec = createPayloadCodec([young]);
    const [encrypted] = await codec.encode([payload]);
    assert.ok(!Buffer.from(encrypted!.data!).includes(MARKER));
    assert.equal(Buffer.from(encrypted!.metadata!['encoding']!).toString(), 'binary/encrypted');
    const [read] = await codec.decode([encrypted!]);
    assert.deepEqual(defaultPayloadConverter.fromPayload(read!), { amount: MARKER });
  });

  test('is another text each time, so that equal amounts do not show', async () => {
    const [one, other] = await createPayloadCodec([young]).encode([payload, payload]);
    assert.notDeepEqual(one!.data, other!.data);
  });

  test('is read with the key that it names, while a newer one encrypts', async () => {
    const [before] = await createPayloadCodec([old]).encode([payload]);
    const rotated = createPayloadCodec([young, old]);
    const [after] = await rotated.encode([payload]);
    assert.equal(Buffer.from(after!.metadata!['encryption-key-id']!).toString(), 'young');
    for (const read of await rotated.decode([before!, after!]))
      assert.deepEqual(defaultPayloadConverter.fromPayload(read), { amount: MARKER });
  });

  test('fails by name if its key is gone', async () => {
    const encrypted = await createPayloadCodec([old]).encode([payload]);
    await assert.rejects(
      createPayloadCodec([young]).decode(encrypted),
      new PayloadUnreadable('a payload was encrypted with the key "old", which PAYLOAD_KEYS does not list'),
    );
  });

  test('is refused if any byte of it was changed, or its key, or the end is missing', async () => {
    const codec = createPayloadCodec([young, { ...young, id: 'twin' }]);
    const [encrypted] = await codec.encode([payload]);
    const { metadata, data } = encrypted!;
    const changed = Array.from(data!, (_, place) =>
      Uint8Array.from(data!, (byte, at) => (at === place ? byte ^ 1 : byte)),
    );
    for (const bytes of [...changed, data!.subarray(0, -1), data!.subarray(0, 20), new Uint8Array()])
      await assert.rejects(codec.decode([{ metadata: metadata!, data: bytes }]), PayloadUnreadable);
    const renamed = { ...metadata, 'encryption-key-id': Buffer.from('twin') };
    await assert.rejects(codec.decode([{ metadata: renamed, data: data! }]), PayloadUnreadable);
  });

  test('is read where encryption is off, and no other one is made', async () => {
    const encrypted = await createPayloadCodec([young]).encode([payload]);
    const off = createPayloadCodec([young], false);
    assert.deepEqual(await off.encode([payload]), [payload]);
    assert.deepEqual(defaultPayloadConverter.fromPayload((await off.decode(encrypted))[0]!), { amount: MARKER });
  });
});

test('a payload from before encryption is read as it is', async () => {
  assert.deepEqual(await createPayloadCodec([young]).decode([payload]), [payload]);
});

test('a failure shows its type and nothing else', async () => {
  const PAYLOAD_KEYS = `young:${Buffer.from(young.key).toString('base64')}`;
  const converter = loadDataConverter(dataConverterOf(readSettings({ PAYLOAD_KEYS })));
  const cause = new Error(MARKER);
  const failure = ApplicationFailure.create({ message: MARKER, type: '40001', details: [MARKER], cause });
  const written = await encodeErrorToFailure(converter, failure);
  assert.ok(!JSON.stringify(written).includes(MARKER));
  assert.ok(!JSON.stringify(written).includes(Buffer.from(MARKER).toString('base64').slice(4, 24)));
  assert.equal(written.applicationFailureInfo?.type, '40001');
  const read = await decodeOptionalFailureToOptionalError(converter, written);
  assert.deepEqual([read?.message, (read?.cause as Error | undefined)?.message], [MARKER, MARKER]);
});

test('a file of keys that everyone may read is refused, and one for its owner and group is taken', () => {
  const directory = mkdtempSync(join(tmpdir(), 'payload-keys-'));
  const file = join(directory, 'keys');
  try {
    writeFileSync(file, `young:${Buffer.from(young.key).toString('base64')}\n`);
    for (const mode of [0o644, 0o604, 0o602]) {
      chmodSync(file, mode);
      assert.throws(() => readSettings({ PAYLOAD_KEYS_FILE: file }), SettingsError);
    }
    for (const mode of [0o600, 0o440]) {
      chmodSync(file, mode);
      assert.equal(readSettings({ PAYLOAD_KEYS_FILE: file }).PAYLOAD_KEYS?.[0].id, 'young');
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
