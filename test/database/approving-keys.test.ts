// One principal cannot both ask and approve, nor approve twice, by the keys that it has made for others.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT } from './access.ts';
import { useVotingKeys, type VotingKeys } from './voting-keys.ts';

describe('the keys of who votes', () => {
  let keys: VotingKeys;
  useVotingKeys((started) => (keys = started));
  const ask: VotingKeys['ask'] = (...asked) => keys.ask(...asked);
  const keyBy: VotingKeys['keyBy'] = (maker, name) => keys.keyBy(maker, name);
  const waiting: VotingKeys['waiting'] = (asker, currency) => keys.waiting(asker, currency);
  const votesOn = (id: unknown) => (key: string) => keys.vote(key, id);

  /** A key of a further principal, which root has made. */
  const keyOf = (name: string): Promise<string> => keyBy(ROOT, name);

  test('that who asks has made, by whatever way, do not approve what it asks for, and others do', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/USD', { version: 0, above: '10' });
    const [alice, bob] = [await keyOf('alice'), await keyOf('bob')];
    const puppet = await keyBy(alice, 'puppet');
    const ofPuppet = await keyBy(puppet, 'puppet of a puppet');
    const vote = await waiting(alice, 'USD');
    for (const key of [alice, puppet, ofPuppet]) assert.equal(await vote(key), 'own_request');
    assert.equal(await vote(bob), 'APPROVED');
  });

  test('that who asks for a change of a policy has made, or whoever has made its keys, do not approve it', async () => {
    const path = '/v1/approval-policies/SEK';
    await ask(ROOT, 'PUT', path, { version: 0, above: '10' });
    const [asking, other] = [await keyOf('policy maker'), await keyOf('other maker')];
    const change = await ask(asking, 'PUT', path, { version: 1, above: '1000000' });
    assert.equal(change.status, 202);
    const vote = votesOn(change.body['approval_id']);
    for (const key of [asking, await keyBy(asking, 'puppet of it')]) assert.equal(await vote(key), 'own_request');
    assert.equal(await vote(other), 'APPROVED');
  });

  test('whoever has made the key that asks does not approve, nor does another that it has made', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/EUR', { version: 0, above: '10' });
    const [maker, other] = [await keyOf('maker'), await keyOf('other')];
    const [asking, voting] = [await keyBy(maker, 'asking'), await keyBy(await keyBy(maker, 'between'), 'voting')];
    const vote = await waiting(asking, 'EUR');
    for (const key of [maker, voting]) assert.equal(await vote(key), 'own_request');
    assert.equal(await vote(voting, 'reject'), 'REJECTED');
    assert.equal(await (await waiting(asking, 'EUR'))(other), 'APPROVED');
  });

  test('two votes that one principal could have given count once, also at once', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/GBP', { version: 0, above: '10', approvals: 2 });
    const [asking, maker, third] = [await keyOf('asking 2'), await keyOf('maker 2'), await keyOf('third')];
    const [one, two] = [await keyBy(maker, 'one'), await keyBy(maker, 'two')];
    const vote = await waiting(asking, 'GBP');
    const outcomes = await Promise.all([one, two, maker].map((key) => vote(key)));
    assert.deepEqual(
      outcomes.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
      ['AWAITING', 'approval_voted', 'approval_voted'],
    );
    assert.equal(await vote(third), 'APPROVED');
  });
});
