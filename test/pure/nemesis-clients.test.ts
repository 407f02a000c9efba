import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CounterpoiseError } from '../../client/client.ts';
import { effectOf, judge } from '../../nemesis/answers.ts';
import { openBook } from '../../nemesis/book.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import { createMemory } from '../../nemesis/memory.ts';
import type { Operation } from '../../nemesis/operation.ts';
import { drawTask, type Task } from '../../nemesis/operations.ts';
import { describeReport, reportAsJson, reportAsPage, type NemesisReport } from '../../nemesis/report.ts';
import { collectViolations } from '../../nemesis/violations.ts';
import type { World } from '../../nemesis/world.ts';

const uuid = (n: number): string => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`;
const WORLD: World = {
  hot: [uuid(1), uuid(2), uuid(3)],
  cold: [uuid(4), uuid(5), uuid(6), uuid(7)],
  shaky: uuid(8),
  suspended: uuid(9),
  poor: uuid(10),
  limited: uuid(11),
  euro: uuid(12),
  unknown: uuid(13),
};

/** What clients do first, with nothing to remember but one of each. */
function draw(seed: number, howMany: number) {
  const memory = createMemory();
  const book = openBook(collectViolations());
  const terms = { from: uuid(1), to: uuid(2), amount: '9.0000', currency: 'USD' };
  const states = { transfer: 'COMPLETED', hold: 'DEBITED' };
  for (const [kind, status] of Object.entries(states)) {
    const entry = book.open({ key: kind, kind, names: 'transfer', id: kind, moves: [] });
    const captured = status === 'COMPLETED' ? terms.amount : null;
    memory.remember(entry, { id: kind, terms, state: { status, failureReason: null, captured } });
  }
  const order = book.open({
    key: 'o',
    kind: 'standing order',
    names: 'recurring',
    id: uuid(20),
    moves: [],
    order: terms,
  });
  memory.remember(order, { id: uuid(20) });
  return Array.from({ length: howMany }, (_, n) =>
    drawTask({ key: `key-${n}`, draws: drawsOf(seed, n), world: WORLD, memory, leftMs: 60_000 }),
  );
}

function operationsOf(task: Task): readonly Operation[] {
  return 'burst' in task ? task.burst : 'operation' in task ? [task.operation] : [];
}

describe('what clients ask for', () => {
  test('follows from the seed', () => {
    const told = (seed: number): string => JSON.stringify(draw(seed, 50).filter((task) => 'operation' in task));
    assert.equal(told(3), told(3));
    assert.notEqual(told(3), told(4));
  });

  test('is every kind of movement that there is, and everything about one', () => {
    const tasks = draw(1, 2_000);
    const kinds = new Set(
      tasks.flatMap((task) =>
        'actions' in task ? task.actions.map(({ kind }) => kind) : operationsOf(task).map(({ asked }) => asked.kind),
      ),
    );
    const expected = [
      ...[
        'transfer',
        'transfer in a burst',
        'hold',
        'hold that expires',
        'scheduled',
        'reversal',
        'deposit',
        'withdrawal',
        'batch',
      ],
      ...['standing order', 'triggered run', 'refused: no money', 'refused: suspended', 'refused: unknown wallet'],
      ...[
        'refused: limit',
        'refused: currency',
        'refused: malformed',
        'cancel',
        'key with another body',
        'suspend and activate',
      ],
    ];
    assert.deepEqual(
      expected.filter((kind) => !kinds.has(kind)),
      [],
    );
  });

  test('comes in bursts, in which some are refused, and some are canceled', () => {
    const bursts = draw(4, 1_000).filter((task) => 'burst' in task);
    assert.ok(bursts.length > 20);
    assert.ok(Math.max(...bursts.map(({ burst }) => burst.length)) > 20);
    const asked = bursts.flatMap(({ burst }) => burst.map((operation) => operation.asked));
    const share = (isSo: (one: (typeof asked)[number]) => boolean): number => asked.filter(isSo).length / asked.length;
    for (const kind of ['no money', 'suspended', 'unknown wallet', 'limit'])
      assert.ok(share((one) => one.kind === `refused: ${kind}`) > 0.01, kind);
    const ids = new Set(asked.map(({ id }) => id));
    const canceled = bursts.flatMap(({ later }) => later.map(({ action }) => action.about));
    assert.equal(ids.size, asked.length);
    assert.ok(canceled.length > 0 && canceled.every((id) => ids.has(id)));
  });

  test('moves an amount from one wallet to another', () => {
    const moves = draw(2, 1_000).flatMap((task) => operationsOf(task).flatMap(({ asked }) => asked.moves));
    assert.ok(moves.length > 1_000);
    for (const { from, to, amount } of moves) {
      assert.notEqual(from, to);
      if (amount !== undefined) assert.match(amount, /^\d+\.\d{4}$/);
    }
  });
});

describe('an answer', () => {
  const error = (code: string, status?: number) => new CounterpoiseError('', { code, status, attempts: 1 });

  test('says that nothing was stored only where it is sure', () => {
    const says = (code: string, status?: number): string => judge(error(code, status)).says;
    assert.equal(says('overloaded', 429), 'later');
    assert.equal(says('amount_invalid', 422), 'refused');
    assert.equal(says('not_reversible', 409), 'refused');
    assert.equal(says('database_unavailable', 503), 'unknown');
    assert.equal(says('internal_error', 500), 'unknown');
    assert.equal(says('unreachable'), 'unknown');
    assert.equal(judge(new DOMException('', 'TimeoutError')).says, 'unknown');
  });

  test('moves what arrived, and nothing where it failed', () => {
    const move = { id: 'one', movement: 'transfer', from: 'a', to: 'b', amount: '5.0000', currency: 'USD' } as const;
    const effect = (status: string, captured: string | null): [string, bigint][] => [
      ...effectOf(move, { status, failureReason: null, captured }, (amount) => BigInt(Math.round(Number(amount)))),
    ];
    assert.deepEqual(effect('COMPLETED', '3.0000'), [
      ['a', -3n],
      ['b', 3n],
    ]);
    assert.deepEqual(effect('FAILED', '0.0000'), []);
    assert.deepEqual(effect('CANCELED', '0.0000'), []);
    assert.deepEqual(effect('PROCESSED', null), [
      ['a', -5n],
      ['b', 5n],
    ]);
  });
});

describe('a report', () => {
  const report: NemesisReport = {
    ok: false,
    seed: 77,
    seconds: 300,
    hasKafka: false,
    operations: {
      transfer: { keys: 3, requests: 7, accepted: 2, unknown: 1 },
      hold: { keys: 1, requests: 1, accepted: 1, unknown: 0 },
    },
    told: { accepted: 3 },
    ends: { COMPLETED: 3 },
    faults: { 'service killed': 2, overload: 1 },
    groups: { 'of 2 to 4': 3 },
    met: {},
    recoveries: { 'api started again': 2 },
    slowestDrainSeconds: 12.34,
    drains: 1,
    looks: { made: 10, failed: 1 },
    audit: undefined,
    violations: [{ seenBy: 'comparison', subject: uuid(1), detail: 'it was accepted, but it is not stored' }],
    violationsTotal: 4,
    stories: [`Story of ${uuid(1)}`],
    failure: undefined,
  };

  test('names each violation, its story, and how to try the seed again', () => {
    const text = describeReport(report);
    assert.match(text, /✗ comparison: .*1 it was accepted, but it is not stored\n {4}and 3 more/);
    assert.match(text, /Story of /);
    assert.match(text, /4 violations. Again: npm run nemesis -- --minutes 5 --seed 77$/);
    assert.match(text, /Slowest drain of 1: 12.3 s/);
  });

  test('has its figures in one object', () => {
    const json = reportAsJson(report) as Record<string, unknown>;
    const { ok, operations_total, requests_total, faults_total, recoveries_total, violations_total } = json;
    assert.deepEqual(
      [ok, operations_total, requests_total, faults_total, recoveries_total, violations_total],
      [false, 4, 8, 3, 2, 4],
    );
  });

  test('is a page with seed, version and machine', () => {
    const page = reportAsPage(report, { version: '1.2.3', machine: 'a machine', date: '2026-01-02' });
    assert.match(page, /--minutes 5 --seed 77/);
    assert.match(page, /Version 1.2.3, 2026-01-02, a machine. \*\*4 violations.\*\*/);
  });
});
