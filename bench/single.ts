/**
 * Single transfers, one subject after the other: the floors, Counterpoise in both dispatches, and its peers. Also measures the
 * memory of Counterpoise's processes after load, and the history that a transfer leaves in Temporal.
 */
import { unlessInterrupted, type Infrastructure } from '../dev/infrastructure.ts';
import type { TransferId } from '../domain/ids.ts';
import { transferWorkflowId, type Dispatch } from '../workflows/transfer/messages.ts';
import type { RunningApp } from './bench-stack.ts';
import { closedLoop } from './closed-loop.ts';
import { counterpoise, transferRequests } from './counterpoise.ts';
import { databaseFloor, engineFloor } from './floors.ts';
import { historyOf, type History } from './history.ts';
import type { Bench } from './ground.ts';
import { cpuMsOf, memoryOf, sharedMemoryOf, type Memory } from './memory.ts';
import type { Ground, Subject, SubjectKind } from './subject.ts';
import { spreadOf, type Cost, type Sample, type Turn } from './turns.ts';
import type { WatchingCost } from './watching.ts';

export interface LoopPlan {
  readonly atOnce: readonly number[];
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly interrupt: AbortSignal;
  /** Whose CPU time is told besides the subject's own: process ids by name. */
  readonly processes?: () => Readonly<Record<string, number>>;
}

/** The time at the beginning of each measurement until all calls are under way. */
const RAMP_UP_SECONDS = 0.5;
const WARM_UP_AT_ONCE_MAX = 50;
/** Of the grouped lines: as many as the greatest number at once that is measured. */
const GROUP_MAX = 500;

/** Opens the subject, warms it up, measures it with each number of calls at once, and closes it, also when interrupted. */
export function subjectTurn(kind: SubjectKind, ground: Ground, plan: LoopPlan): Turn {
  const { atOnce, warmUpSeconds, seconds, interrupt } = plan;
  return {
    name: kind.name,
    async run() {
      const subject = await kind.open(ground);
      try {
        const loop = (options: Parameters<typeof closedLoop>[1]) =>
          unlessInterrupted(interrupt, closedLoop(subject.once, options));
        // A process that has just started is slow.
        await loop({ atOnce: Math.min(Math.max(...atOnce), WARM_UP_AT_ONCE_MAX), warmUpSeconds, seconds: 0 });
        const samples: Sample[] = [];
        for (const n of atOnce) {
          const watch = watchCost(plan.processes, subject);
          const figures = await loop({ atOnce: n, warmUpSeconds: RAMP_UP_SECONDS, seconds, atEdge: watch.atEdge });
          samples.push({ id: kind.id, ...figures, cost: await watch.cost(figures.count) });
        }
        return samples;
      } finally {
        await subject.close();
      }
    },
  };
}

/** Watches what the transfers of one measurement cost, from its beginning to its end. */
export function watchCost(processes: LoopPlan['processes'], { pid, groupSize }: Subject) {
  const edges: { readonly atMs: number; readonly cpuMs: ReadonlyMap<string, number> }[] = [];
  return {
    atEdge: (): void => {
      const pids = { ...(pid === undefined ? {} : { own: pid() }), ...processes?.() };
      const cpuMs = new Map(Object.entries(pids).map(([name, each]) => [name, cpuMsOf(each)]));
      edges.push({ atMs: Date.now(), cpuMs });
    },
    async cost(count: number): Promise<Cost | undefined> {
      const [from, until] = edges;
      if (from === undefined || until === undefined || count === 0) return undefined;
      const each = [...until.cpuMs].map(([name, ms]) => [name, (ms - (from.cpuMs.get(name) ?? 0)) / count] as const);
      return { cpuMs: Object.fromEntries(each), groupSize: await groupSize?.(from.atMs, until.atMs) };
    },
  };
}

/** Measurements of Counterpoise besides its speed. */
export interface Sightings {
  /** The memory after load, by the names of the processes. */
  readonly loaded: Record<string, Memory>;
  /** The history that a completed transfer leaves in Temporal. */
  readonly history: Partial<Record<Dispatch, History>>;
  /** That of an order from its acceptance until it is delivered and paid. */
  readonly orderHistory: Partial<Record<Dispatch, History>>;
  /** With as many transfers as there are at the end of the growth. */
  watchingCost?: WatchingCost;
}

/** The turns of the wanted subjects, by default of all. */
export function singleTurns(
  { stack, ground, plan: { single }, interrupt }: Bench,
  peers: readonly SubjectKind[],
  sightings: Sightings,
  wanted: ReadonlySet<string> | undefined,
): Turn[] {
  const processes = (): Record<string, number> => {
    const { postgres, temporal } = stack.infrastructure.supervisor.running();
    return { PostgreSQL: postgres!.pid, Temporal: temporal!.pid };
  };
  const plan = { ...single, interrupt, processes };
  const grouped = (dispatch: Dispatch): SubjectKind =>
    counterpoise(stack, {
      id: `${dispatch}-grouped`,
      name: `Counterpoise, ${dispatch} dispatch, grouped`,
      dispatch,
      settings: { GROUP_MAX: `${GROUP_MAX}` },
    });
  const own = (dispatch: Dispatch): SubjectKind =>
    counterpoise(stack, {
      id: dispatch,
      name: `Counterpoise, ${dispatch} dispatch`,
      dispatch,
      async beforeClose(app) {
        if (interrupt.aborted) return;
        Object.assign(sightings.loaded, memoryUnderLoad(stack.infrastructure, app, dispatch));
        sightings.history[dispatch] ??= await historyOfTransfers(app, ground);
      },
    });
  const isWanted = ({ id }: SubjectKind): boolean => wanted?.has(id) ?? true;
  const others = [databaseFloor, engineFloor, ...peers].filter(isWanted);
  return [
    ...others.map((kind) => subjectTurn(kind, ground, { ...plan, atOnce: single.othersAtOnce })),
    ...[own('ordinary'), grouped('ordinary'), own('local'), grouped('local')]
      .filter(isWanted)
      .map((kind) => subjectTurn(kind, ground, plan)),
  ];
}

function memoryUnderLoad(
  { supervisor }: Infrastructure,
  app: RunningApp,
  dispatch: Dispatch,
): Record<string, Memory | undefined> {
  const { postgres, temporal } = supervisor.running();
  const each = {
    [`app, ${dispatch} dispatch`]: memoryOf(app.pid()),
    postgres: sharedMemoryOf(postgres!.pid),
    temporal: memoryOf(temporal!.pid),
  };
  return Object.fromEntries(Object.entries(each).filter(([, memory]) => memory !== undefined));
}

const HISTORIES = 5;

async function historyOfTransfers(app: RunningApp, { nextPair, temporal }: Ground): Promise<History> {
  const requests = transferRequests(app.api, nextPair);
  const histories: History[] = [];
  try {
    for (let n = 0; n < HISTORIES; n += 1)
      histories.push(await historyOf(temporal, transferWorkflowId((await requests.transfer()) as TransferId)));
  } finally {
    await requests.close();
  }
  return {
    events: spreadOf(histories.map(({ events }) => events)).median,
    bytes: spreadOf(histories.map(({ bytes }) => bytes)).median,
  };
}
