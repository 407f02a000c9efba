// The check of participants, on a real PostgreSQL: a participant that is built with saga/ keeps every property, and each mistake that
// others make is found by the property that it breaks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { checkParticipant, ParticipantBroken, type Participant, type Property } from '../../saga/check-participant.ts';
import { done, doStep, refused, undoPivot, undoStep, type Connection, type Outcome } from '../../saga/participant.ts';
import { startCluster, type TestCluster } from './database.ts';

const FENCES = readFileSync(new URL('../../saga/participant.sql', import.meta.url), 'utf8');
const DONE: Outcome<unknown> = { outcome: 'done', detail: null };
const UNDONE: Outcome<unknown> = { outcome: 'undone' };

describe('a participant', () => {
  let cluster: TestCluster;
  let pool: pg.Pool;
  before(async () => {
    cluster = await startCluster();
    pool = cluster.open(cluster.urls('postgres', 'wallet').adminUrl, 20).$client;
    await pool.query(FENCES);
    await pool.query(FENCES); // at each start, it changes nothing
    await pool.query(`
      CREATE TABLE effects (saga_id text NOT NULL);
      -- Fences of participants that have written their own.
      CREATE TABLE own_fences (saga_id text PRIMARY KEY, outcome text NOT NULL);`);
  });
  after(() => cluster?.stop());

  const add = (sagaId: string, by: Connection = pool) => by.query('INSERT INTO effects VALUES ($1)', [sagaId]);
  const remove = async (sagaId: string, by: Connection = pool): Promise<boolean> =>
    (await by.query('DELETE FROM effects WHERE saga_id = $1 RETURNING saga_id', [sagaId])).rows.length > 0;
  const effects = async (sagaId: string): Promise<number> =>
    (await pool.query('SELECT FROM effects WHERE saga_id = $1', [sagaId])).rowCount!;
  const fenced = (sagaId: string, terms: unknown = { amount: '5.00', at: [1, 2] }) =>
    doStep(pool, { sagaId, step: 'add', terms }, async (connection) => {
      await add(sagaId, connection);
      return done({ b: 1, a: null });
    });
  const fencedUndo = (sagaId: string) =>
    undoStep(pool, { sagaId, step: 'add' }, async (connection) => {
      await remove(sagaId, connection);
    });
  const sound: Participant = {
    do: fenced,
    undo: fencedUndo,
    effects,
    doOther: (sagaId) => fenced(sagaId, { amount: '6.00' }),
    doRefused: (sagaId) => doStep(pool, { sagaId, step: 'add', terms: {} }, () => Promise.resolve(refused('sold_out'))),
  };

  test('that is built with fences keeps every property, be it a step or a pivot', async () => {
    const report = await checkParticipant(sound, { rounds: 30 });
    assert.equal(report.held.length, 11);
    assert.ok(report.calls > 600, String(report.calls));
    const pivot = await checkParticipant({ ...sound, undo: (sagaId) => undoPivot(pool, { sagaId, step: 'add' }) });
    assert.equal(pivot.held.length, 11);
  });

  test('that is built with fences returns again what it has refused, whatever has changed since', async () => {
    const sagaId = crypto.randomUUID();
    assert.deepEqual(await sound.doRefused!(sagaId), { outcome: 'refused', reason: 'sold_out' });
    const again = await doStep(pool, { sagaId, step: 'add', terms: {} }, () => assert.fail('it is decided'));
    assert.deepEqual(again, { outcome: 'refused', reason: 'sold_out' });
  });

  test('whose do or undo fails half-way has decided nothing', async () => {
    const sagaId = crypto.randomUUID();
    const failing = async (connection: Connection): Promise<never> => {
      await add(sagaId, connection);
      throw new Error('half-way');
    };
    await assert.rejects(doStep(pool, { sagaId, step: 'add', terms: {} }, failing), /half-way/);
    assert.equal(await effects(sagaId), 0);
    assert.equal((await fenced(sagaId)).outcome, 'done');
    await assert.rejects(undoStep(pool, { sagaId, step: 'add' }, failing), /half-way/);
    // An error that is swallowed leaves a transaction that PostgreSQL rolls back at its commit.
    const swallowing = async (connection: Connection): Promise<void> => {
      await remove(sagaId, connection);
      await connection.query('SELECT 1 / 0').catch(() => {});
    };
    await assert.rejects(undoStep(pool, { sagaId, step: 'add' }, swallowing), /aborted/);
    assert.equal(await effects(sagaId), 1);
    assert.equal(await fencedUndo(sagaId), 'undone');
    assert.equal(await effects(sagaId), 0);
  });

  const isThere = async (sagaId: string): Promise<boolean> => (await effects(sagaId)) > 0;
  /** Returns what was decided before. */
  const ownFence = async (sagaId: string, outcome: 'done' | 'undone'): Promise<string | undefined> => {
    const values = [sagaId, outcome];
    if ((await pool.query('INSERT INTO own_fences VALUES ($1, $2) ON CONFLICT DO NOTHING', values)).rowCount === 1)
      return;
    const { rows } = await pool.query<{ outcome: string }>('SELECT outcome FROM own_fences WHERE saga_id = $1', [
      sagaId,
    ]);
    return rows[0]!.outcome;
  };
  let refusals = 0;

  const MISTAKES: Record<string, { broken: readonly Property[]; made: Participant }> = {
    'looks whether it has done it, and then does it, without a fence': {
      broken: ['repeats_at_once', 'undo_first', 'late_repeat', 'do_beside_undo'],
      made: {
        effects,
        do: async (sagaId) => {
          if (!(await isThere(sagaId))) await add(sagaId);
          return DONE;
        },
        undo: async (sagaId) => ((await remove(sagaId)) ? 'undone' : 'never_happened'),
      },
    },
    'leaves no row where its undo finds nothing to undo': {
      broken: ['undo_first'],
      made: {
        ...sound,
        undo: async (sagaId) => {
          const { rowCount } = await pool.query('SELECT FROM step_fences WHERE saga_id = $1', [sagaId]);
          return rowCount === 0 ? 'never_happened' : fencedUndo(sagaId);
        },
      },
    },
    'does it again at each repeat': {
      broken: ['repeat', 'repeats_at_once', 'other_terms'],
      made: {
        ...sound,
        do: async (sagaId) => {
          const answer = await fenced(sagaId);
          if (answer.outcome === 'done') await add(sagaId);
          return answer;
        },
      },
    },
    'reverses again at each repeat of its undo': {
      broken: ['undo_repeat', 'undos_at_once'],
      made: {
        ...sound,
        undo: async (sagaId) => {
          const said = await fencedUndo(sagaId);
          if (said === 'undone') await pool.query(`INSERT INTO effects VALUES ('less than nothing')`);
          return said;
        },
        effects: async (sagaId) => {
          const surplus = await effects('less than nothing');
          await remove('less than nothing');
          return (await effects(sagaId)) - Math.max(0, surplus - 1);
        },
      },
    },
    'writes its fence in a transaction of its own, before the effect': {
      broken: ['do_beside_undo'],
      made: {
        do: async (sagaId) => {
          const before = await ownFence(sagaId, 'done');
          if (before !== undefined) return before === 'done' ? DONE : UNDONE;
          await sleep(5);
          await add(sagaId);
          return DONE;
        },
        undo: async (sagaId) => {
          const before = (await ownFence(sagaId, 'undone')) ?? 'undone';
          if (before === 'undone') return 'never_happened';
          await pool.query(`UPDATE own_fences SET outcome = 'reversed' WHERE saga_id = $1`, [sagaId]);
          await remove(sagaId);
          return 'undone';
        },
        effects,
      },
    },
    'says of what it has done that it never happened': {
      broken: ['undo'],
      made: {
        ...sound,
        undo: async (sagaId) => {
          await fencedUndo(sagaId);
          return 'never_happened';
        },
      },
    },
    'lets its undo reverse nothing': {
      broken: ['undo', 'do_beside_undo'],
      made: { ...sound, undo: (sagaId) => undoStep(pool, { sagaId, step: 'add' }, () => Promise.resolve()) },
    },
    'does it again after its undo': {
      broken: ['late_repeat'],
      made: {
        ...sound,
        undo: async (sagaId) => {
          const said = await fencedUndo(sagaId);
          if (said === 'undone') await pool.query('DELETE FROM step_fences WHERE saga_id = $1', [sagaId]);
          return said;
        },
      },
    },
    'takes other terms for a repeat': {
      broken: ['other_terms'],
      made: { ...sound, doOther: (sagaId) => fenced(sagaId) },
    },
    'decides anew about what it has refused': {
      broken: ['refusal'],
      made: { ...sound, doRefused: () => Promise.resolve(refused(`sold_out_${(refusals += 1)}`)) },
    },
    'answers nothing where calls meet': {
      broken: ['repeats_at_once'],
      made: {
        ...sound,
        do: async (sagaId) => {
          await pool.query(`INSERT INTO own_fences VALUES ($1, 'done')`, [sagaId]).catch(async () => {
            if (await isThere(sagaId)) throw new Error('duplicate key');
          });
          return fenced(sagaId);
        },
      },
    },
  };
  for (const [mistake, { broken, made }] of Object.entries(MISTAKES))
    test(`that ${mistake} is found: ${broken.join(', ')}`, async () => {
      const checked = checkParticipant(made, { rounds: 30 });
      await assert.rejects(checked, (error) => {
        assert.ok(error instanceof ParticipantBroken, String(error));
        const found = error.broken.map(({ property }) => property);
        assert.deepEqual(
          broken.filter((property) => !found.includes(property)),
          [],
          error.message,
        );
        assert.match(error.message, new RegExp(`^${found[0]} is broken \\(`));
        return true;
      });
    });

  test('that does not answer in time, or only with errors, is broken', async () => {
    const silent = new Promise<never>(() => {});
    let calls = 0;
    const checked = checkParticipant(
      { ...sound, undo: (sagaId) => ((calls += 1) === 1 ? fencedUndo(sagaId) : silent) },
      { rounds: 1, limitMs: 50 },
    );
    await assert.rejects(checked, /undo is broken .*\n +a call keeps failing: Error: no answer within 50 ms, in saga /);
  });
});
