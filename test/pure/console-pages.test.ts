// What the pages of the console say of what they have: names, what needs a person, a refund by an advance, and where events begin.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advanceOf, afterAdvance } from '../../console/format/advance.ts';
import { amountWritten, unitsOf } from '../../console/format/amount.ts';
import { isCancelable } from '../../console/format/cancelable.ts';
import { CAUGHT_UP_MAX, placeToBegin, typesIn, unknownTypes } from '../../console/format/event-place.ts';
import { nothingInWords } from '../../console/format/flow-bars.ts';
import { areOfOrders, needsOf } from '../../console/format/needs.ts';
import { pageTitle } from '../../console/format/page-title.ts';
import { waitingInWords } from '../../console/format/return-words.ts';

test('a page is named by its heading, what it is about, and what it was asked for', () => {
  const titleOf = (heading: string | undefined, subject?: string, query = '') =>
    pageTitle({ heading, subject, query: new URLSearchParams(query) });
  assert.equal(titleOf('Transfer', 'e8912c2d-6a89-8581-803c-6bd85f322bd2'), 'Transfer e8912c2d… · Counterpoise');
  assert.equal(titleOf('Event', '17'), 'Event 17 · Counterpoise');
  assert.equal(titleOf('Transfers', undefined, 'status=FAILED&at=x'), 'Transfers, FAILED · Counterpoise');
  assert.equal(titleOf('Found', undefined, 'q=Invoice+1'), 'Found, Invoice 1 · Counterpoise');
  assert.equal(titleOf(undefined), 'Counterpoise');
});

describe('what needs a person', () => {
  const of = (kind: string, count: number, oldest_at: string | null = '2026-01-01T00:00:00.000Z') => ({
    ...{ kind, count, oldest_at },
  });

  test('is told once, though it has a case as well, and comes to what the sentence says', () => {
    const needs = needsOf({
      needs_you: { count: 1 },
      attention: [of('transfers', 1), of('orders', 0), of('cases', 1)],
    });
    assert.deepEqual(
      needs.map(({ kind, count }) => [kind, count]),
      [['transfers', 1]],
    );
  });

  test('has the findings of the reconciliation, which are about nothing that is counted', () => {
    const mixed = needsOf({ needs_you: { count: 3 }, attention: [of('transfers', 1), of('cases', 3)] });
    assert.deepEqual(mixed.at(-1), { kind: 'findings', count: 2, oldest_at: null });
    const alone = needsOf({ needs_you: { count: 2 }, attention: [of('transfers', 0, null), of('cases', 2)] });
    assert.deepEqual(alone, [{ kind: 'findings', count: 2, oldest_at: '2026-01-01T00:00:00.000Z' }]);
  });

  test('is what is known where not everybody could be asked', () => {
    const known = (...attention: ReturnType<typeof of>[]) =>
      needsOf({ needs_you: { count: null }, attention }).map(({ kind }) => kind);
    assert.deepEqual(known(of('transfers', 1), of('cases', 3)), ['transfers']);
    assert.deepEqual(known(of('transfers', 0), of('cases', 3)), ['cases']);
  });

  test('leads to the cases of orders where it is of orders alone', () => {
    const leads = (...kinds: string[]) =>
      areOfOrders(needsOf({ needs_you: { count: kinds.length }, attention: kinds.map((kind) => of(kind, 1)) }));
    assert.deepEqual([leads('orders', 'returns'), leads('orders', 'transfers'), leads()], [true, false, false]);
  });
});

test('a transfer whose sender was paid in advance can be tried again, and not be refunded twice', () => {
  const saga = (outcome: string | undefined) => ({
    lanes: [
      {
        legs: [
          { leg: 'debit', verdict: { outcome: 'applied', at: 'then' }, amount: '7.0000' },
          { leg: 'advance', verdict: outcome === undefined ? null : { outcome, at: 'now' }, amount: null },
        ],
      },
    ],
  });
  const actions = ['Try again now', 'Refund the sender', 'Write it off'].map((title) => ({ title }));
  const titles = (outcome: string | undefined) =>
    afterAdvance(actions, advanceOf(saga(outcome), { amount: '7.0000' })).map(({ title }) => title);
  assert.deepEqual(advanceOf(saga('applied'), { amount: '7.0000' }), { amount: '7.0000', at: 'now' });
  assert.deepEqual(titles('applied'), ['Try again now']);
  assert.deepEqual([titles('canceled').length, titles(undefined).length], [3, 3]);
});

test('an order can be canceled as long as some of its goods have not left', () => {
  const canCancel = (status: string, ...goods: string[]) =>
    isCancelable({ status, consignments: goods.map((each) => ({ goods: each })) });
  assert.ok(canCancel('PENDING'));
  assert.ok(canCancel('CONFIRMED', 'RESERVED', 'ISSUED'));
  assert.ok(!canCancel('CONFIRMED', 'ISSUED', 'DELIVERED'));
  assert.ok(!canCancel('CONFIRMED', 'RELEASED', 'ISSUED'));
  assert.ok(!canCancel('COMPLETED', 'DELIVERED'));
});

test('a return that waits says what is in its way, and what becomes of it by itself', () => {
  const told = (status: string, reason: string, last_error: string | null) =>
    waitingInWords({ status, attention: { reason, last_error } });
  const poor = "the seller's wallet cannot pay: insufficient_funds";
  assert.deepEqual(told('RECEIVED', 'refund_refused', poor), {
    what: 'The seller’s wallet cannot pay: insufficient funds.',
    next: 'It is tried again by itself; put money into the seller’s wallet.',
  });
  assert.match(
    told('REFUND_DUE', 'refund_refused', poor).next,
    /^It is tried no more: .*, and try the refund again\.$/,
  );
  assert.match(told('RECEIVED', 'refund_refused', 'cannot pay: sender_suspended').next, /is active/);
  assert.deepEqual(told('RECEIVED', 'take_back_failing', 'connect ECONNREFUSED'), {
    what: 'connect ECONNREFUSED',
    next: 'It goes on by itself once that works again.',
  });
});

describe('the events that are followed', () => {
  test('begin a little before now, and go on after a pause where they were', () => {
    assert.deepEqual(placeToBegin(undefined, 400), { after: 350, passedOver: 0 });
    assert.deepEqual(placeToBegin(undefined, 3), { after: 0, passedOver: 0 });
    assert.deepEqual(placeToBegin(350, 900), { after: 350, passedOver: 0 });
  });

  test('leave out what happened in days of pause, and say how much', () => {
    const head = 90_000;
    assert.deepEqual(placeToBegin(1_000, head), { after: head - CAUGHT_UP_MAX, passedOver: 89_000 - CAUGHT_UP_MAX });
  });

  test('cannot be of a type that there is not', () => {
    assert.deepEqual(typesIn(' transfer.failed, transfer.faild,'), ['transfer.failed', 'transfer.faild']);
    assert.deepEqual(unknownTypes(typesIn('transfer.failed, transfer.faild'), ['transfer.failed']), ['transfer.faild']);
  });
});

test('that nothing has moved is said only where everything is counted', () => {
  assert.match(nothingInWords(0), /^Nothing has moved/);
  assert.match(nothingInWords(1_200), /^Not known yet: 1,200 events/);
});

test('a comma in an amount stands between thousands, or makes it no amount', () => {
  assert.deepEqual(['1,000', '1,234,567.50', '1000.5', ' 20 '].map(amountWritten), [
    '1000',
    '1234567.50',
    '1000.5',
    '20',
  ]);
  for (const text of ['1000,50', '1,00', '1,0000', '1000,500', '1,000,5'])
    assert.equal(unitsOf(amountWritten(text)), undefined, text);
});
