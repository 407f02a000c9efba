// A run of the reconciliation on the time-skipping server. What its activities find and change is tested in test/database and on
// real stacks; here they answer as they are told, so that the order of a run is what is tested.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import type { Look, ReconciliationActivities } from '../../activities/transfer/reconciliation.ts';
import type { CaseId, RunId } from '../../domain/ids.ts';
import {
  EMPTY_TALLY,
  nameOf,
  placesOf,
  type Cursor,
  type Patrol,
  type PlaceInRun,
  type Tally,
  type Window,
} from '../../domain/transfer/reconciliation.ts';
import {
  caseWorkflowId,
  reconciliationWorkflowId,
  TRANSFER_TASK_QUEUE,
  type ReconciliationInput,
} from '../../workflows/transfer/messages.ts';
import type { reconciliation } from '../../workflows/transfer/reconciliation.ts';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createServices, unavailable } from './services.ts';

const environment = useEnvironment();
const NOTHING: Look = { checked: 1, suspects: [], next: null };
const WINDOW = { fromMs: 0, untilMs: 1_000 };
const FINDING = { subject: 'transfer/b', reason: 'entries_disagree', detail: 'it is wrong' } as const;

type Result = Parameters<ReconciliationActivities['finishReconciliation']>[0];

/** The activities of a run over two shards, and what was asked of them. */
function createRun({
  patrol = {},
  places,
  look = () => NOTHING,
  judge = () => EMPTY_TALLY,
}: {
  patrol?: Patrol;
  /** None: as a worker of before answered, which did not tell the places. */
  places?: readonly PlaceInRun[];
  look?: (place: string, cursor: Cursor | null, nth: number) => Look | Promise<Look>;
  judge?: (subjects: readonly string[]) => Partial<Tally> | Promise<Partial<Tally>>;
} = {}) {
  const looks: string[] = [];
  const windows: Window[] = [];
  const begun: string[] = [];
  const judged: string[][] = [];
  const results: Result[] = [];
  const activities: ReconciliationActivities = {
    async beginReconciliation({ runId, workflowId, trigger }) {
      begun.push(`${trigger} ${runId} ${workflowId}`);
      return { window: WINDOW, patrol, shardCount: 2, ...(places === undefined ? {} : { places }) };
    },
    async lookAt({ place, cursor, window }) {
      windows.push(window);
      const name = nameOf(place);
      looks.push(`${name}${cursor === null ? '' : ` after ${cursor.key}`}`);
      return look(name, cursor, looks.filter((other) => other.startsWith(name)).length);
    },
    async settleSuspects({ subjects }) {
      judged.push([...subjects]);
      return { ...EMPTY_TALLY, ...(await judge(subjects)) };
    },
    async finishReconciliation(result) {
      results.push(result);
    },
    subjectOfCase: async ({ caseId }) => (caseId === 'closed' ? null : 'wallet/w'),
    leftHalfDone: async () => [],
  };
  return { looks, windows, begun, judged, results, activities };
}

describe('a run of the reconciliation', () => {
  const execute = async (
    run: ReturnType<typeof createRun>,
    input: ReconciliationInput = { runId: randomUUID() as RunId },
    { history, workflowId = `reconciliation/${randomUUID()}` }: { history?: string; workflowId?: string } = {},
  ) => {
    const services = createServices();
    return withWorkers({ ...services, activities: { ...services.activities, ...run.activities } }, async () => {
      const handle = await environment().client.workflow.start<typeof reconciliation>('reconciliation', {
        workflowId,
        taskQueue: TRANSFER_TASK_QUEUE,
        args: [input],
      });
      const tally = await handle.result();
      if (history !== undefined) await keepHistory(history, handle);
      return tally;
    });
  };

  it('looks at what is known to be bad, at what changed, and at a part of the rest, and ends CLEAN', async () => {
    const run = createRun();
    const runId = randomUUID() as RunId;
    const tally = await execute(
      run,
      { runId },
      { history: 'reconciliation-clean', workflowId: reconciliationWorkflowId(runId) },
    );
    assert.deepEqual(run.looks, [
      'cases',
      'closed_workflows',
      'open/transfer',
      'open/transaction',
      'changed/transfer',
      'changed/transaction',
      ...['fences/0', 'entries/0', 'wallets/0', 'fences/1', 'entries/1', 'wallets/1'],
    ]);
    assert.ok(run.windows.every((window) => isDeepStrictEqual(window, WINDOW)));
    assert.deepEqual(run.begun, [`request ${runId} reconciliation/${runId}`]);
    assert.deepEqual([run.judged, tally.checked], [[], 12]);
    assert.deepEqual(
      run.results.map(({ status }) => status),
      ['CLEAN'],
    );
  });

  it('looks at each shard within the time of its own clock', async () => {
    const shards = { 0: { fromMs: 10, untilMs: 20 }, 1: { fromMs: 30, untilMs: 40 } };
    const run = createRun({ places: placesOf('changes', WINDOW, shards) });
    await execute(run, undefined, { history: 'reconciliation-by-shard-clocks' });
    const looked = Object.fromEntries(run.looks.map((place, index) => [place, run.windows[index]]));
    assert.deepEqual(
      ['ended/transfer', 'fences/0', 'wallets/0', 'entries/1'].map((place) => looked[place]),
      [WINDOW, shards[0], shards[0], shards[1]],
    );
    assert.equal(run.looks.length, 16);
  });

  it('that nobody asked for makes an id of its own', async () => {
    const run = createRun();
    await execute(run, {}, { history: 'reconciliation-scheduled' });
    assert.match(run.begun.join(), /^schedule [0-9a-f-]{36} reconciliation\//);
    assert.equal(run.results[0]?.runId, run.begun[0]?.split(' ')[1]);
  });

  it('looks again a moment later at what seems to disagree, once whatever the place, and counts it once', async () => {
    let firstLookAt: number | undefined;
    let secondLookAt: number | undefined;
    const run = createRun({
      look: async (place) => {
        if (!['open/transfer', 'changed/transfer'].includes(place)) return NOTHING;
        firstLookAt ??= await environment().currentTimeMs();
        return { ...NOTHING, suspects: ['transfer/a', 'transfer/b'] };
      },
      judge: async () => {
        secondLookAt = await environment().currentTimeMs();
        return { repaired: 1, found: 1, casesOpened: 1, findings: [FINDING] };
      },
    });
    const tally = await execute(run, undefined, { history: 'reconciliation-found' });
    assert.deepEqual(run.judged, [['transfer/a', 'transfer/b']]);
    assert.ok(secondLookAt! - firstLookAt! >= 2_000);
    assert.deepEqual(tally, {
      ...EMPTY_TALLY,
      checked: 12,
      repaired: 1,
      found: 1,
      casesOpened: 1,
      findings: [FINDING],
    });
    assert.equal(run.results[0]?.status, 'FOUND');
  });

  it('ends REPAIRED where all that disagreed could be repaired', async () => {
    const run = createRun({
      look: (place) => (place === 'closed_workflows' ? { ...NOTHING, suspects: ['transfer/a'] } : NOTHING),
      judge: () => ({ repaired: 1 }),
    });
    await execute(run, undefined, { history: 'reconciliation-repaired' });
    assert.equal(run.results[0]?.status, 'REPAIRED');
  });

  it('follows a place to its end, but takes one part of what did not change, where the run before has stopped', async () => {
    const page = (key: string): Look => ({ ...NOTHING, next: { atMs: 1, key } });
    const run = createRun({
      patrol: { 'wallets/0': { atMs: 0, key: 'w7' } },
      look: (place, cursor) => {
        if (place === 'wallets/0') return page('w9');
        if (place !== 'fences/1') return NOTHING;
        return cursor === null ? page('f1') : cursor.key === 'f1' ? page('f2') : NOTHING;
      },
    });
    await execute(run);
    assert.deepEqual(
      run.looks.filter((name) => /^(wallets.0|fences.1)/.test(name)),
      ['wallets/0 after w7', 'fences/1', 'fences/1 after f1', 'fences/1 after f2'],
    );
    assert.deepEqual(run.results[0]?.patrol?.['wallets/0'], { atMs: 1, key: 'w9' });
    assert.deepEqual(run.results[0]?.patrol?.['wallets/1'], null, 'begins again');
  });

  it('whose databases are away for minutes goes on, and after ten minutes is FAILED with the reason', async () => {
    const recovering = createRun({
      look: (place, _, nth) => {
        if (place === 'entries/0' && nth < 6) throw unavailable();
        return NOTHING;
      },
    });
    await execute(recovering);
    assert.equal(recovering.results[0]?.status, 'CLEAN');

    const failing = createRun({
      look: (place) => {
        if (place === 'entries/0') throw unavailable();
        return NOTHING;
      },
    });
    const tally = await execute(failing, undefined, { history: 'reconciliation-failed' });
    assert.deepEqual(
      failing.results.map(({ status, error, patrol }) => [status, error, patrol]),
      [['FAILED', 'connect ECONNREFUSED 127.0.0.1:5432', undefined]],
    );
    assert.equal(tally.checked, 7, 'what it had looked at is told');
  });

  it('that is canceled is FAILED and says so', async () => {
    const run = createRun({
      look: async (place) => {
        if (place === 'cases') throw ApplicationFailure.nonRetryable('not reached');
        return NOTHING;
      },
    });
    const handle = await environment().client.workflow.start<typeof reconciliation>('reconciliation', {
      workflowId: `reconciliation/${randomUUID()}`,
      taskQueue: TRANSFER_TASK_QUEUE,
      args: [{ runId: randomUUID() as RunId }],
    });
    await handle.cancel();
    const services = createServices();
    await withWorkers({ ...services, activities: { ...services.activities, ...run.activities } }, async () => {
      await handle.result();
      await keepHistory('reconciliation-canceled', handle);
    });
    assert.deepEqual(
      run.results.map(({ status, error }) => [status, error]),
      [['FAILED', 'it was canceled']],
    );
  });

  it('continues as new where it was, with what it has found, before its history grows long', async () => {
    const pages = 120;
    const run = createRun({
      look: (place, cursor) => {
        if (place === 'cases') return { ...NOTHING, suspects: ['transfer/b'] };
        const page = Number(cursor?.key ?? 0);
        return place === 'fences/0' && page < pages ? { ...NOTHING, next: { atMs: 1, key: `${page + 1}` } } : NOTHING;
      },
      judge: () => ({ found: 1, findings: [FINDING] }),
    });
    const services = createServices();
    await withWorkers({ ...services, activities: { ...services.activities, ...run.activities } }, async () => {
      const handle = await environment().client.workflow.start<typeof reconciliation>('reconciliation', {
        workflowId: `reconciliation/${randomUUID()}`,
        taskQueue: TRANSFER_TASK_QUEUE,
        args: [{ runId: randomUUID() as RunId }],
      });
      const tally = await handle.result();
      assert.deepEqual([tally.checked, tally.found], [12 + pages, 1]);
    });
    assert.equal(run.results.length, 1);
    assert.ok(run.begun.length > 1, 'it continued as new');
    assert.equal(new Set(run.begun.map((begun) => begun.split(' ')[1])).size, 1, 'it stays the same run');
  });

  it('goes on at the place where it was, also where the next worker knows another one before it', async () => {
    const placesThen = placesOf('changes', WINDOW, { 0: WINDOW, 1: WINDOW });
    const isNew = ({ place }: PlaceInRun): boolean => nameOf(place) === 'schedules';
    const run = createRun({
      look: (place, cursor) => {
        const page = Number(cursor?.key ?? 0);
        return place === 'fences/0' && page < 120 ? { ...NOTHING, next: { atMs: 1, key: `${page + 1}` } } : NOTHING;
      },
    });
    const activities: ReconciliationActivities = {
      ...run.activities,
      beginReconciliation: async (begun) => {
        const isFirst = run.begun.length === 0;
        const answer = await run.activities.beginReconciliation(begun);
        return { ...answer, places: isFirst ? placesThen.filter((place) => !isNew(place)) : placesThen };
      },
    };
    await execute({ ...run, activities });
    assert.ok(run.begun.length > 1, 'it continued as new');
    const pages = run.looks.filter((look) => look.startsWith('fences/0'));
    assert.deepEqual(pages, ['fences/0', ...Array.from({ length: 120 }, (_, page) => `fences/0 after ${page + 1}`)]);
    const others = run.looks.filter((look) => !look.startsWith('fences/0'));
    assert.deepEqual(
      others,
      placesThen
        .filter((place) => !isNew(place))
        .map(({ place }) => nameOf(place))
        .filter((name) => name !== 'fences/0'),
    );
  });

  it('that an earlier version has continued goes on at the number of the place; and after a place that is gone', async () => {
    const places = placesOf('changes', WINDOW, { 0: WINDOW });
    const at = places.findIndex(({ place }) => nameOf(place) === 'fences/0');
    const cursor = { atMs: 1, key: 'f7' };
    for (const [placeName, looks] of [
      [undefined, ['fences/0 after f7', 'entries/0', 'wallets/0']],
      ['gone', ['fences/0', 'entries/0', 'wallets/0']],
    ] as const) {
      const run = createRun({ places });
      const carried = { runId: randomUUID() as RunId, trigger: 'request', tally: EMPTY_TALLY, place: at } as const;
      const progress = { ...carried, ...(placeName && { placeName }), cursor, patrol: {}, settled: [] };
      await execute(run, { progress });
      assert.deepEqual(run.looks, looks);
    }
  });

  it('of one case looks again at its subject and nothing else, and of a closed one does nothing', async () => {
    const run = createRun({ judge: () => ({ casesClosed: 1 }) });
    const caseId = 'open' as CaseId;
    const tally = await execute(
      run,
      { caseId },
      { history: 'reconciliation-case', workflowId: caseWorkflowId(caseId) },
    );
    assert.deepEqual([run.judged, run.looks, run.results, tally.casesClosed], [[['wallet/w']], [], [], 1]);
    const closed = createRun();
    await execute(closed, { caseId: 'closed' as CaseId });
    assert.deepEqual(closed.judged, []);
  });
});
