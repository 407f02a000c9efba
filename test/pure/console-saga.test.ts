// Where the console draws the parts of a saga, and what it says of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boxText, stepNote, widthOf } from '../../console/format/saga-box.ts';
import { BOX, layOut } from '../../console/format/saga-layout.ts';
import type { SagaLike } from '../../console/format/saga-order.ts';
import { givenUpIn, legInWords, meaningOfVerdict, verdictInWords } from '../../console/format/saga-words.ts';

const at = (ms: number): string => new Date(1_800_000_000_000 + ms).toISOString();

interface Told {
  readonly outcome?: string;
  readonly reason?: string;
  readonly compensates?: string;
  readonly attempts?: readonly { readonly started_at: string | null; readonly outcome: string }[];
  readonly amount?: string;
}

/** Decided at `ms`, unless there is no outcome. */
function leg(name: string, ms: number, { outcome, reason, compensates, attempts = [], amount }: Told = {}) {
  return {
    ...{ leg: name, n: 0, compensates: compensates ?? null, attempts, attempt_count: attempts.length },
    direction: compensates === undefined ? ('forward' as const) : ('compensation' as const),
    verdict: outcome === undefined ? null : { outcome, reason: reason ?? null, at: at(ms) },
    ...{ amount: amount ?? null, currency: 'USD' },
  };
}
type Leg = ReturnType<typeof leg>;

const tried = (outcome: string, ...starts: (number | null)[]) =>
  starts.map((ms) => ({ started_at: ms === null ? null : at(ms), outcome }));
const step = (name: string, ms: number, reason: string | null = null) => ({ at: at(ms), step: name, reason, n: 0 });
const lane = (name: string, service: string, ...legs: Leg[]) => ({ lane: name, service, legs });
const course = (points: readonly { readonly key: string }[]): string[] => points.map(({ key }) => key.split('/')[0]!);

/** Its credit was refused after the deadline. */
const refunded: SagaLike<Leg> = {
  started_at: at(0),
  deadline_at: at(1_000),
  steps: [step('PENDING', 0), step('DEBITED', 20), step('FAILED', 1_200)],
  lanes: [
    lane('transfer', 'transfer'),
    lane(
      'wallet-0',
      'wallet',
      leg('debit', 10, { outcome: 'applied' }),
      leg('refund', 1_100, { outcome: 'applied', compensates: 'debit' }),
    ),
    lane('wallet-1', 'wallet', leg('credit', 1_050, { outcome: 'rejected' })),
  ],
};

const insufficientFunds: SagaLike<Leg> = {
  ...refunded,
  steps: [step('PENDING', 0), step('FAILED', 142, 'insufficient_funds')],
  lanes: [
    lane('transfer', 'transfer', leg('record_transfer_status', 0, { attempts: tried('completed', 137) })),
    lane(
      'wallet-0',
      'wallet',
      leg('debit', 59, { outcome: 'rejected', reason: 'insufficient_funds', attempts: tried('completed', 50) }),
      leg('refund', 0, { compensates: 'debit', attempts: tried('completed', 110) }),
    ),
    lane(
      'wallet-1',
      'wallet',
      leg('credit', 85, { outcome: 'canceled', reason: 'debit_refused' }),
      leg('cancel_credit', 85, { outcome: 'canceled', compensates: 'credit', attempts: tried('completed', 80) }),
    ),
  ],
};

const stuck: SagaLike<Leg> & { pending: { leg: string; n: number }[] } = {
  ...refunded,
  steps: [step('PENDING', 0), step('DEBITED', 300), step('ATTENTION', 9_008, 'cancel_credit_failing')],
  lanes: [
    lane(
      'transfer',
      'transfer',
      leg('record_transfer_status', 0, { attempts: tried('completed', 290) }),
      leg('record_transfer_attention', 0, { attempts: tried('completed', 9_000) }),
    ),
    lane('wallet-0', 'wallet', leg('debit', 40, { outcome: 'applied', attempts: tried('completed', 30) })),
    lane(
      'wallet-1',
      'wallet',
      leg('credit', 0, { attempts: tried('timed_out', 50) }),
      leg('cancel_credit', 0, { compensates: 'credit', attempts: tried('failed', null, null, 20_000) }),
    ),
  ],
  pending: [{ leg: 'cancel_credit', n: 0 }],
};

describe('the drawing of a saga', () => {
  test('goes forward in the order of time, and what takes back stands beneath what it takes back', () => {
    const { legs, steps, forward, back, lanes } = layOut(refunded);
    assert.deepEqual(course(forward), ['PENDING', 'debit', 'DEBITED', 'credit']);
    const [debit, refund] = ['debit', 'refund'].map((name) => legs.find(({ leg: { leg: own } }) => own === name)!);
    assert.equal(refund!.x, debit!.x);
    assert.ok(refund!.y > debit!.y);
    assert.ok(refund!.isLower && refund!.at === at(1_100), 'its time stands above it');
    const [pending, failed] = ['PENDING', 'FAILED'].map((name) => steps.find(({ step: own }) => own === name)!);
    assert.equal(failed!.x, pending!.x);
    assert.ok(failed!.y > pending!.y);
    assert.deepEqual(course(back), ['credit', 'refund', 'FAILED']);
    assert.deepEqual(
      lanes.map(({ name }) => name),
      ['transfer', 'wallet-0', 'wallet-1'],
    );
  });

  test('has its deadline between what came before and what came after', () => {
    const { forward, deadlineX } = layOut(refunded);
    assert.ok(forward[2]!.x < deadlineX! && deadlineX! < forward[3]!.x);
  });

  test('leads through no refund where no money moved, and through no credit that nobody has tried', () => {
    const { forward, back, legs } = layOut(insufficientFunds);
    assert.deepEqual(course(forward), ['PENDING', 'debit']);
    assert.deepEqual(course(back), ['debit', 'cancel_credit', 'record_transfer_status', 'FAILED']);
    assert.deepEqual(new Set(course(legs)).size, 5, 'all of them are drawn');
    for (const [index, { x }] of back.slice(2).entries()) assert.ok(x < back[index + 1]!.x, 'from right to left');
  });

  test('of an order out of stock leads by no confirmation, and has each step in a place of its own', () => {
    const { forward, back, steps, legs } = layOut({
      ...refunded,
      steps: [step('PENDING', 0), step('UNDOING', 114, 'out_of_stock'), step('CANCELED', 167, 'out_of_stock')],
      lanes: [
        lane(
          'order',
          'order',
          leg('confirm_order', 0),
          leg('undo_order', 0, { compensates: 'confirm_order', attempts: tried('completed', 101) }),
          leg('record_order_end', 0, { attempts: tried('completed', 155) }),
        ),
        lane('inventory', 'inventory', leg('reserve', 58, { outcome: 'refused', attempts: tried('completed', 40) })),
      ],
    });
    assert.deepEqual(course(forward), ['PENDING', 'reserve']);
    assert.deepEqual(course(back), ['reserve', 'undo_order', 'UNDOING', 'record_order_end', 'CANCELED']);
    const places = [...steps, ...legs].map(({ x, y }) => `${x} ${y}`);
    assert.equal(new Set(places).size, places.length);
  });

  test('of a hold that was captured goes forward to its end, also where the rest of it went back', () => {
    const captured = (refund: Leg) =>
      layOut({
        ...refunded,
        steps: [step('PENDING', 0), step('DEBITED', 110), step('COMPLETED', 480)],
        lanes: [
          lane('transfer', 'transfer', leg('record_transfer_status', 0, { attempts: tried('completed', 100, 470) })),
          lane('wallet-0', 'wallet', leg('debit', 70, { outcome: 'applied' }), refund),
          lane('wallet-1', 'wallet', leg('credit', 360, { outcome: 'applied' })),
        ],
      });
    const whole = captured(leg('refund', 0, { compensates: 'debit', attempts: tried('completed', 400) }));
    assert.deepEqual([course(whole.forward).at(-1), whole.back], ['COMPLETED', []]);
    const partly = captured(leg('refund', 410, { outcome: 'applied', compensates: 'debit' }));
    assert.equal(course(partly.forward).at(-1), 'COMPLETED');
    assert.deepEqual(course(partly.back), ['credit', 'refund']);
  });

  test('shows what needs a person after what has caused it, and not beneath its beginning', () => {
    const { steps, back } = layOut(stuck);
    const [pending, attention] = ['PENDING', 'ATTENTION'].map((name) => steps.find(({ step: own }) => own === name)!);
    assert.ok(attention!.x > pending!.x);
    assert.deepEqual(course(back), ['DEBITED', 'cancel_credit', 'record_transfer_attention', 'ATTENTION']);
  });

  test('takes no answer for a verdict, but of what only records', () => {
    const answered = leg('credit', 0, { attempts: tried('completed', 1) });
    const failing = leg('credit', 0, { attempts: tried('failed', 1) });
    const recorded = leg('record_transfer_status', 0, { attempts: tried('completed', 1) });
    const said = [answered, failing, recorded].map((each) => `${verdictInWords(each)} ${meaningOfVerdict(each)}`);
    assert.deepEqual(said, ['answered plain', 'being tried wait', 'done good']);
    assert.equal(legInWords(recorded.leg), 'record status');
  });

  test('says of a leg that is taken back, and not tried any more, that it was given up', () => {
    const isGivenUp = givenUpIn<Leg>(stuck);
    const [credit, cancel] = stuck.lanes[2]!.legs;
    const said = [credit!, cancel!].map((each) => verdictInWords(each, isGivenUp(each)));
    assert.deepEqual(said, ['given up', 'being tried']);
    assert.equal(meaningOfVerdict(credit!, true), 'plain');
    assert.equal(givenUpIn<Leg>({ ...stuck, pending: [{ leg: 'credit', n: 0 }] })(credit!), false);
  });

  test('shows last what has not happened, as long as it goes on', () => {
    const open = {
      ...refunded,
      steps: refunded.steps.slice(0, 2),
      lanes: [
        refunded.lanes[0]!,
        lane('wallet-0', 'wallet', leg('debit', 10, { outcome: 'applied' })),
        lane('wallet-1', 'wallet', leg('credit', 0)),
      ],
    };
    assert.equal(layOut(open).forward.at(-1)!.key, 'credit/0');
  });
});

test('a step says what others have given as it stands, no wider than a box', () => {
  assert.equal(stepNote('ISSUED', 'Van_X-1'), 'carrier Van_X-1');
  assert.equal(stepNote('INVOICED', '2'), 'invoice 2');
  assert.equal(stepNote('RELEASED', 'not_handed_over'), 'not handed over');
  assert.ok(widthOf(stepNote('ISSUED', 'M'.repeat(200)), 11) <= BOX.width);
});

describe('the words in the box of a leg', () => {
  const roomy = BOX.width - 20;
  const amounts = ['1.0000', '99999.0000', '123456789.0000', '999999999999999.9999'];
  const names = ['debit', 'cancel_credit', 'passing_credit_refusal', 'record_transfer_attention', 'record_case_action'];
  const reasons = [
    'insufficient_funds',
    'receiver_suspended',
    'currency_mismatch',
    'a_reason_that_is_longer_than_others',
  ];

  test('never run over its edge, nor over each other', () => {
    for (const name of names)
      for (const reason of [undefined, ...reasons])
        for (const amount of amounts) {
          const told = { amount, attempts: tried('failed', ...Array<null>(20).fill(null)) };
          const decided = reason === undefined ? told : { ...told, outcome: 'rejected', reason };
          const text = boxText(leg(name, 1, decided), false);
          assert.ok(widthOf(text.title, 12, { isBold: true }) <= roomy, text.title);
          assert.ok(widthOf(text.reason ?? '', 11) <= roomy, text.reason);
          const beside = text.isAmountBeneath ? '' : (text.amount ?? '');
          assert.ok(widthOf(text.verdict, 12) + widthOf(beside, 11) <= roomy, `${text.verdict} ${beside}`);
          assert.ok(!(text.isAmountBeneath && text.reason !== undefined), 'the reason stands there');
          assert.ok(text.tickCount * 6 + 4 + widthOf(text.attempts ?? '', 11) <= roomy, text.attempts);
        }
  });

  test('are whole where they are those of a transfer', () => {
    const { title, verdict, reason, amount } = boxText(
      leg('cancel_credit', 1, { outcome: 'canceled', reason: 'insufficient_funds', amount: '99999.0000' }),
      false,
    );
    assert.deepEqual(
      [title, verdict, reason, amount],
      ['cancel credit', 'canceled', 'insufficient funds', '99,999.00'],
    );
  });
});
