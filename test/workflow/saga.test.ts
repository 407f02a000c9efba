// saga/ on the time-skipping server: a saga of somebody else's, whose participants have fences in a map.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { Ended, Stuck } from '../../saga/saga.ts';
import { it, useEnvironment, whileWorking } from './environment.ts';
import type { ParticipantActivities, sale } from './saga-workflows.ts';
import { holdUp } from './services.ts';

const TASK_QUEUE = 'sagas';
const STEPS = ['reserve', 'hold', 'issue', 'capture', 'send'] as const;
const UNDO_OF = { reserve: 'release', hold: 'cancelHold', issue: 'voidTicket' } as const;
type StepName = (typeof STEPS)[number];
type Name = Exclude<keyof ParticipantActivities, 'tell'>;

interface Participants {
  readonly activities: ParticipantActivities;
  /** What was asked, in order, each attempt. */
  readonly asked: Name[];
  readonly fences: Map<string, 'done' | 'refused' | 'undone'>;
  readonly told: Stuck[];
}

const unavailable = (): Promise<never> => Promise.reject(ApplicationFailure.create({ message: 'unavailable' }));

/** `before` and `after` the effect of an attempt, which they may hold up or end with an error. */
function participants({
  refuse,
  before = async () => {},
  after = async () => {},
}: {
  refuse?: StepName;
  before?: (name: Name, nth: number) => Promise<void>;
  after?: (name: Name, nth: number) => Promise<void>;
} = {}): Participants {
  const asked: Name[] = [];
  const told: Stuck[] = [];
  const fences: Participants['fences'] = new Map();
  const counted = async <T>(name: Name, act: () => T): Promise<T> => {
    asked.push(name);
    const nth = asked.filter((other) => other === name).length;
    await before(name, nth);
    const answer = act();
    await after(name, nth);
    return answer;
  };
  const doing = <T>(step: StepName, detail: T) =>
    counted(step, () => {
      if (!fences.has(step)) fences.set(step, step === refuse ? 'refused' : 'done');
      const outcome = fences.get(step)!;
      if (outcome === 'done') return { outcome, detail };
      return outcome === 'refused' ? { outcome, reason: `no_${step}` } : { outcome };
    });
  const undoing = (step: keyof typeof UNDO_OF) =>
    counted(UNDO_OF[step], () => {
      const found = fences.get(step);
      if (found === 'done' && step === 'issue') return 'happened' as const;
      if (found !== 'refused') fences.set(step, 'undone');
      return found === 'done' ? ('undone' as const) : ('never_happened' as const);
    });
  return {
    asked,
    told,
    fences,
    activities: {
      reserve: () => doing('reserve', 7),
      hold: (_, seat) => doing('hold', `hold of seat ${seat}`),
      issue: (_, hold) => doing('issue', `ticket for the ${hold}`),
      capture: async () => (await doing('capture', 'paid')) as { outcome: 'done'; detail: string },
      send: async () => (await doing('send', null)) as { outcome: 'done'; detail: null },
      release: async () => (await undoing('reserve')) as 'undone',
      cancelHold: async () => (await undoing('hold')) as 'undone',
      voidTicket: () => undoing('issue'),
      tell: async (stuck) => {
        told.push(stuck);
      },
    },
  };
}

const environment = useEnvironment();
let workflowBundle: WorkflowBundle;
before(async () => {
  const silent = () => {};
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('saga-workflows.ts', import.meta.url)),
    logger: { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
});

async function withWorker({ activities }: Participants, use: () => Promise<void>): Promise<void> {
  const worker = await Worker.create({
    connection: environment().nativeConnection,
    taskQueue: TASK_QUEUE,
    activities: { ...activities },
    workflowBundle,
    shutdownForceTime: '2 seconds',
  });
  await whileWorking([worker], use);
}

const start = (workflowId = `sale/${randomUUID()}`) =>
  environment().client.workflow.start<typeof sale>('sale', { workflowId, taskQueue: TASK_QUEUE, args: [workflowId] });
const SOLD: Ended<unknown> = {
  outcome: 'done',
  details: { reserve: 7, hold: 'hold of seat 7', issue: 'ticket for the hold of seat 7', capture: 'paid', send: null },
};
const undone = (because: 'refused' | 'failed' | 'canceled', step: string, reason: string) => ({
  outcome: 'undone',
  because,
  step,
  reason,
});
const outcomes = ({ fences }: Participants) => STEPS.map((step) => fences.get(step));
const UNDOS = ['voidTicket', 'cancelHold', 'release'];

describe('a saga', () => {
  it('runs its steps in their order, each with the details of those before it', async () => {
    const services = participants();
    await withWorker(services, async () => assert.deepEqual(await (await start()).result(), SOLD));
    assert.deepEqual(services.asked, STEPS);
  });

  for (const [step, left] of [
    ['reserve', ['refused', 'undone', 'undone']],
    ['hold', ['undone', 'refused', 'undone']],
    ['issue', ['undone', 'undone', 'refused']],
  ] as const)
    it(`whose step ${step} is refused asks the pivot first, then every undo in reverse, also of steps not begun`, async () => {
      const services = participants({ refuse: step });
      await withWorker(services, async () =>
        assert.deepEqual(await (await start()).result(), undone('refused', step, `no_${step}`)),
      );
      assert.deepEqual(services.asked.slice(STEPS.indexOf(step) + 1), UNDOS);
      assert.deepEqual(outcomes(services), [...left, undefined, undefined]);
    });

  for (const step of ['reserve', 'hold'] as const)
    it(`whose step ${step} happens each time, and is never acknowledged, undoes it once its limit is over`, async () => {
      const services = participants({ after: (name) => (name === step ? unavailable() : Promise.resolve()) });
      await withWorker(services, async () =>
        assert.deepEqual(await (await start()).result(), undone('failed', step, 'unavailable')),
      );
      assert.ok(services.asked.filter((name) => name === step).length > 20);
      assert.deepEqual(outcomes(services), ['undone', 'undone', 'undone', undefined, undefined]);
    });

  it('whose pivot happens each time, and is never acknowledged, goes forward', async () => {
    let isLost = true;
    const services = participants({
      after: async (name) => {
        if (name === 'voidTicket') isLost = false;
        if (name === 'issue' && isLost) await unavailable();
      },
    });
    await withWorker(services, async () => assert.deepEqual(await (await start()).result(), SOLD));
    assert.deepEqual(
      outcomes(services),
      STEPS.map(() => 'done'),
    );
    assert.ok(!services.asked.includes('release') && !services.asked.includes('cancelHold'));
  });

  it('survives every call failing once before and once after its effect', async () => {
    const twice = {
      before: (_: Name, nth: number) => (nth === 1 ? unavailable() : Promise.resolve()),
      after: (_: Name, nth: number) => (nth === 2 ? unavailable() : Promise.resolve()),
    };
    for (const services of [participants(twice), participants({ ...twice, refuse: 'issue' })])
      await withWorker(services, async () => {
        const { outcome } = await (await start()).result();
        assert.equal(outcome, services.fences.get('issue') === 'done' ? 'done' : 'undone');
        assert.ok(services.asked.every((name) => services.asked.filter((other) => other === name).length === 3));
      });
  });

  for (const [stuck, action, refuse] of [
    ['cancelHold', 'undo', 'issue'],
    ['voidTicket', 'undo', 'hold'],
    ['capture', 'do', undefined],
  ] as const)
    it(`whose ${stuck} fails for an hour tells somebody after three minutes, once, and ends as it should`, async () => {
      let since: number | undefined;
      let toldAfterMs = 0;
      const services = participants({
        ...(refuse === undefined ? {} : { refuse }),
        before: async (name) => {
          if (name !== stuck) return;
          const now = await environment().currentTimeMs();
          since ??= now;
          if (services.told.length === 0) toldAfterMs = now - since;
          if (now < since + 3_600_000) await unavailable();
        },
      });
      await withWorker(services, async () => {
        const { outcome } = await (await start()).result();
        assert.equal(outcome, refuse === undefined ? 'done' : 'undone');
      });
      const step = { cancelHold: 'hold', voidTicket: 'issue', capture: 'capture' }[stuck];
      assert.deepEqual(services.told, [{ step, action, error: 'unavailable' }]);
      assert.ok(toldAfterMs > 100_000 && toldAfterMs <= 180_000, `told after ${toldAfterMs} ms`);
      assert.equal(services.fences.get('hold'), refuse === 'issue' ? 'undone' : refuse === 'hold' ? 'refused' : 'done');
    });

  it('whose pivot has happened while a step before it is refused ends as failed, for the two contradict each other', async () => {
    const services = participants({ refuse: 'hold' });
    services.fences.set('issue', 'done');
    await withWorker(services, async () => {
      await assert.rejects((await start()).result(), ({ cause }) => {
        assert.ok(cause instanceof ApplicationFailure);
        assert.equal(cause.message, 'the pivot has happened, and hold is refused');
        return true;
      });
    });
    assert.equal(services.fences.get('reserve'), 'done');
  });
});

// Last in their file: the time-skipping server does not skip any more once a run has closed before its activity.
describe('a saga that is canceled by a cancel request', () => {
  for (const when of ['before', 'after'] as const)
    for (const step of STEPS)
      it(`${when} ${step} has taken effect is ${step === 'capture' || step === 'send' || (step === 'issue' && when === 'after') ? 'done' : 'undone'}`, async () => {
        const isPast = step === 'capture' || step === 'send' || (step === 'issue' && when === 'after');
        const { hold, reached, release } = holdUp<Name>(step);
        const services = participants({ [when]: hold });
        await withWorker(services, async () => {
          const handle = await start();
          await reached;
          await handle.cancel();
          // A call that nobody waits for any more arrives after all was undone.
          if (step === 'capture' || step === 'send') release();
          const ended = await handle.result().finally(release);
          if (isPast) assert.deepEqual(ended, SOLD);
          else
            assert.deepEqual(
              [ended.outcome, 'because' in ended && [ended.because, ended.step]],
              ['undone', ['canceled', step]],
            );
        });
        const expected = isPast ? STEPS.map(() => 'done') : ['undone', 'undone', 'undone', undefined, undefined];
        assert.deepEqual(outcomes(services), expected);
      });

  it('before its first workflow task is undone, with every step forbidden', async () => {
    const services = participants();
    const handle = await start();
    await handle.cancel();
    await withWorker(services, async () => assert.equal((await handle.result()).outcome, 'undone'));
    assert.deepEqual(services.asked, UNDOS);
    assert.deepEqual(outcomes(services), ['undone', 'undone', 'undone', undefined, undefined]);
  });
});

describe('a saga whose run was terminated', () => {
  for (const [step, expected] of [
    ['hold', 'undone'],
    ['capture', 'done'],
  ] as const)
    it(`during ${step}, and whose next run is canceled at once, is ${expected}: the fences know of the first run`, async () => {
      const { hold, reached, release } = holdUp<Name>(step);
      const services = participants({ after: hold });
      const workflowId = `sale/${randomUUID()}`;
      await withWorker(services, async () => {
        const first = await start(workflowId);
        await reached;
        await first.terminate();
        release();
      });
      const second = await start(workflowId);
      await second.cancel();
      await withWorker(services, async () => assert.equal((await second.result()).outcome, expected));
      const left = expected === 'done' ? STEPS.map(() => 'done') : ['undone', 'undone', 'undone', undefined, undefined];
      assert.deepEqual(outcomes(services), left);
    });
});
