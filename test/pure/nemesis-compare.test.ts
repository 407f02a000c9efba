import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openBook, type Asked, type Book } from '../../nemesis/book.ts';
import { compare, type Stored } from '../../nemesis/compare.ts';
import { collectSightings, type State } from '../../nemesis/sightings.ts';
import { collectViolations } from '../../nemesis/violations.ts';

const COMPLETED: State = { status: 'COMPLETED', failureReason: null, captured: '5.0000' };
const FAILED: State = { status: 'FAILED', failureReason: 'insufficient_funds', captured: '0.0000' };
const PENDING: State = { status: 'PENDING', failureReason: null, captured: null };
const TERMS = { from: 'alice', to: 'bob', amount: '5.0000', currency: 'USD' };

function asked(id: string, names: Asked['names'] = 'transfer', ids = [id]): Asked {
  const moves = ids.map((each) => ({ id: each, movement: 'transfer', ...TERMS }) as const);
  return { key: `key of ${id}`, kind: names, names, id, moves };
}

function book(): { book: Book; seen: string[] } {
  const seen: string[] = [];
  return { book: openBook(collectViolations(({ detail }) => seen.push(detail))), seen };
}

/** What is stored after one transfer of 5 from alice, who had 8 by a deposit. */
function stored(changes: Partial<Stored> = {}): Stored {
  return {
    movements: [{ id: 'one', key: 'key of one', ...TERMS }],
    others: new Set(),
    unbegun: new Set(),
    ledger: [
      { movement: 'one', wallet: 'alice', change: '-5.0000' },
      { movement: 'one', wallet: 'bob', change: '5.0000' },
    ],
    wallets: [
      { wallet: 'alice', balance: '-5.0000', held: '0.0000' },
      { wallet: 'bob', balance: '5.0000', held: '0.0000' },
    ],
    ...changes,
  };
}

function differences(changes: Partial<Stored>, state = COMPLETED): string[] {
  const { book: own } = book();
  own.accepted(own.open(asked('one')), { id: 'one', terms: TERMS, state }, 0);
  const found: string[] = [];
  compare(own, stored(changes), (subject, detail) => found.push(`${subject}: ${detail}`));
  return found;
}

describe('the comparison of what clients were told with what is stored', () => {
  test('finds nothing where each answer is what the ledger says', () => {
    assert.deepEqual(differences({}), []);
  });

  const cases: [what: string, changes: Partial<Stored>, state: State, found: RegExp][] = [
    ['an accepted movement that is lost', { movements: [] }, COMPLETED, /^one: it was accepted .* not stored$/],
    [
      'other terms',
      { movements: [{ id: 'one', key: 'key of one', ...TERMS, to: 'mallory' }] },
      COMPLETED,
      /to mallory where bob/,
    ],
    [
      'another amount',
      { movements: [{ id: 'one', key: 'key of one', ...TERMS, amount: '6.0000' }] },
      COMPLETED,
      /amount 6.0000 where 5.0000/,
    ],
    [
      'a movement that nobody asked for',
      { movements: [...stored().movements, { id: 'two', key: '?', ...TERMS }] },
      COMPLETED,
      /^two: .*nobody asked for it/,
    ],
    [
      'an entry that is missing',
      { ledger: stored().ledger.slice(1) },
      COMPLETED,
      /^one: .*alice by -5.0000, but the ledger has no entry/,
    ],
    [
      'an entry of another amount',
      { ledger: [stored().ledger[0]!, { movement: 'one', wallet: 'bob', change: '4.0000' }] },
      COMPLETED,
      /bob by 5.0000, by the ledger by 4.0000/,
    ],
    ['an entry of what was told to have failed', {}, FAILED, /alice by 0.0000, by the ledger by -5.0000/],
    [
      'a balance that nobody moved',
      { wallets: [{ wallet: 'carol', balance: '1.0000', held: '0.0000' }] },
      COMPLETED,
      /^carol: .*has 0.0000, but its balance is 1.0000/,
    ],
    [
      'money that is still held',
      { wallets: [{ wallet: 'dora', balance: '0.0000', held: '2.0000' }] },
      COMPLETED,
      /^dora: it holds 2.0000/,
    ],
  ];
  for (const [what, changes, state, expected] of cases)
    test(`finds ${what}`, () => {
      const found = differences(changes, state);
      assert.ok(
        found.some((each) => expected.test(each)),
        `expected ${expected}, found ${JSON.stringify(found)}`,
      );
    });

  describe('of a transfer whose refund was forced', () => {
    const forced = (alice: string): string[] => {
      const { book: own } = book();
      own.accepted(own.open(asked('one')), { id: 'one', terms: TERMS, state: COMPLETED }, 0);
      own.force('one');
      const [, bob] = stored().ledger;
      const wallets = [{ wallet: 'alice', balance: alice, held: '0.0000' }];
      const ledger = [{ movement: 'one', wallet: 'alice', change: alice }, bob!];
      const found: string[] = [];
      compare(own, stored({ ledger, wallets }), (_, detail) => found.push(detail));
      return found;
    };

    test('allows that the external wallet has paid its sender, or has not', () => {
      assert.deepEqual([forced('0.0000'), forced('-5.0000')], [[], []]);
    });

    test('finds that it has paid another amount', () => {
      assert.match(forced('-2.0000').join(), /changed wallet alice by -5.0000, by the ledger by -2.0000/);
    });
  });

  test('finds what was refused and stored all the same, and leaves what is not known open', () => {
    const { book: own } = book();
    own.refused(own.open(asked('refused')), 'overloaded');
    own.unanswered(own.open(asked('unknown')), 'timeout');
    const after = own.open(asked('after'));
    own.unanswered(after, 'timeout');
    own.refused(after, 'not_reversible');
    const there = ['refused', 'unknown', 'after'].map((id) => ({ id, key: `key of ${id}`, ...TERMS }));
    const found: string[] = [];
    compare(own, { ...stored({ movements: there }), ledger: [], wallets: [] }, (subject) => found.push(subject));
    assert.deepEqual(found, ['refused']);
  });

  test('finds a batch of which only some items are stored, whatever was answered', () => {
    const { book: own } = book();
    own.unanswered(own.open(asked('batch', 'batch', ['a', 'b'])), 'timeout');
    const found: string[] = [];
    const some = [{ id: 'a', key: 'batch/0', ...TERMS }];
    compare(own, { ...stored({ movements: some }), ledger: [], wallets: [] }, (_, detail) => found.push(detail));
    assert.match(found.join(), /only some of its 2 movements/);
  });

  test('allows a batch that was canceled before it began to have no items, and finds those that it has', () => {
    const { book: own } = book();
    own.accepted(own.open(asked('batch', 'batch', ['a', 'b'])), { id: 'batch' }, 0);
    const found = (movements: Stored['movements']): string[] => {
      const details: string[] = [];
      const ids = new Set(['batch']);
      const there = { ...stored({ movements }), others: ids, unbegun: ids, ledger: [], wallets: [] };
      compare(own, there, (_, detail) => details.push(detail));
      return details;
    };
    assert.deepEqual(found([]), []);
    const all = ['a', 'b'].map((id, n) => ({ id, key: `batch/${n}`, ...TERMS }));
    assert.match(found(all).join(), /canceled before it began, and has movements/);
  });

  test('knows the runs of a standing order, and no others', () => {
    const { book: own } = book();
    const order = own.open({
      key: 'k',
      kind: 'standing order',
      names: 'recurring',
      id: 'order',
      moves: [],
      order: TERMS,
    });
    own.accepted(order, { id: 'order' }, 0);
    own.addRun(order, { id: 'run', movement: 'transfer', ...TERMS });
    const rows = ['run', 'stray'].map((id) => ({ id, key: 'run/1', ...TERMS }));
    const found: string[] = [];
    const all = { ...stored({ movements: rows, others: new Set(['order']) }), ledger: [], wallets: [] };
    compare(own, all, (subject) => found.push(subject));
    assert.deepEqual(found, ['stray']);
  });
});

describe('what clients were told', () => {
  test('must name the movement that its key stands for, with what was asked for', () => {
    const { book: own, seen } = book();
    own.accepted(own.open(asked('one')), { id: 'two', terms: { ...TERMS, amount: '7.0000' } }, 0);
    assert.match(seen.join('\n'), /names one, but was answered with this\n.*amount 7.0000 where 5.0000/);
  });

  test('of a movement that has ended never changes', () => {
    const { book: own, seen } = book();
    own.see('observer', 'one', COMPLETED, 0);
    own.see('observer', 'one', FAILED, 0);
    assert.match(seen.join(), /it was COMPLETED \(5.0000\), and then FAILED insufficient_funds/);
  });
});

describe('what has been moved', () => {
  const changes = new Map([
    ['alice', '-5.0000'],
    ['bob', '5.0000'],
  ]);

  test('by a movement that had ended may be read again, in any order', () => {
    const { book: own, seen } = book();
    own.seeLedger('observer', 'one', changes);
    own.seeLedger('comparison', 'one', new Map([...changes].toReversed()));
    assert.deepEqual([own.isLedgerSeen('one'), own.isLedgerSeen('two'), seen], [true, false, []]);
  });

  test('by a movement that had ended never changes', () => {
    const { book: own, seen } = book();
    own.seeLedger('observer', 'one', changes);
    own.seeLedger('comparison', 'one', new Map([...changes, ['alice', '0.0000']]));
    assert.match(seen.join(), /changed alice by -5.0000, bob by 5.0000, and now it changes alice by 0.0000/);
  });
});

describe('the states in which a movement is seen', () => {
  const see = (...states: [State, askedAtMs: number, nowMs: number][]): (string | undefined)[] => {
    const sightings = collectSightings();
    return states.map(([state, askedAtMs, nowMs]) => sightings.see('one', state, askedAtMs, nowMs));
  };
  const isWrong = (answers: (string | undefined)[]): boolean[] => answers.map((answer) => answer !== undefined);

  test('may rise, stay, and be answered late to who asked before', () => {
    assert.deepEqual(isWrong(see([PENDING, 0, 1], [COMPLETED, 2, 5], [COMPLETED, 6, 7], [PENDING, 4, 8])), [
      false,
      false,
      false,
      false,
    ]);
  });

  test('never fall, for who asks after a higher one was known', () => {
    assert.deepEqual(isWrong(see([COMPLETED, 0, 1], [PENDING, 2, 3])), [false, true]);
    assert.deepEqual(isWrong(see([{ ...PENDING, status: 'DEBITED' }, 0, 1], [PENDING, 2, 3])), [false, true]);
  });

  test('never tell two ends, nor two amounts, whoever asked when', () => {
    assert.deepEqual(isWrong(see([COMPLETED, 0, 9], [{ ...COMPLETED, captured: '4.0000' }, 1, 2])), [false, true]);
    assert.deepEqual(isWrong(see([COMPLETED, 0, 9], [FAILED, 1, 2])), [false, true]);
  });

  test('are ones that there are', () => {
    assert.deepEqual(isWrong(see([{ ...PENDING, status: 'LOST' }, 0, 1])), [true]);
  });
});
