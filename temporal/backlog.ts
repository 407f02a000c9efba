/**
 * The watch over the workers' backlog, so that new movements are refused while it is long: refusing costs nobody anything, but an
 * accepted movement has a deadline, and behind a long backlog it would be accepted only to be given up. One cheap call a second. A
 * server that does not tell its backlog is taken to have none.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from '../process/telemetry.ts';
import { TRANSFER_TASK_QUEUE } from '../workflows/transfer/messages.ts';
import { answerWithin } from './health.ts';

export interface Backlog {
  /** Whether a movement that is accepted now would wait for long before anything is done about it. */
  readonly isLong: () => boolean;
  readonly stop: () => void;
}

/** The tasks that wait for a worker, by the server's estimate. */
export interface WaitingTasks {
  readonly count: number;
  readonly oldestSeconds: number;
}

const INTERVAL_MS = 1_000;
const ANSWER_LIMIT_MS = 1_000;
/** Up to so many waiting tasks are no backlog: a worker may just be starting again. */
const COUNT_MAX = 100;
const OLDEST_SECONDS_MAX = 5;
const TASK_TYPES = { workflow: 1, activity: 2 } as const;

export function watchBacklog(
  client: Client,
  log: Pick<Logger, 'warn' | 'info'>,
  ask: () => Promise<WaitingTasks> = () => tasksWaiting(client)(TRANSFER_TASK_QUEUE, 'workflow'),
): Backlog {
  let isLong = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    try {
      const { count, oldestSeconds } = await ask();
      const wasLong = isLong;
      isLong = count > COUNT_MAX && oldestSeconds > OLDEST_SECONDS_MAX;
      if (isLong && !wasLong)
        log.warn(
          { count, oldest_seconds: oldestSeconds },
          'the workers are behind: new movements are refused until they are not',
        );
      else if (wasLong && !isLong) log.info('the workers have caught up');
    } catch {
      // A busy server answers late: its last answer is the best guess. Whether it is down is for health.ts to say.
    }
    if (!isStopped) timer = setTimeout(() => void look(), INTERVAL_MS);
  };
  void look();

  return {
    isLong: () => isLong,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Returns what asks for the tasks that wait on a task queue, which throws if the server does not answer within a second. */
export function tasksWaiting(client: Client) {
  return async (name: string, type: keyof typeof TASK_TYPES): Promise<WaitingTasks> => {
    const { stats } = await answerWithin(client, ANSWER_LIMIT_MS, () =>
      client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name },
        taskQueueType: TASK_TYPES[type],
        reportStats: true,
      }),
    );
    return {
      count: Number(stats?.approximateBacklogCount ?? 0),
      oldestSeconds: Number(stats?.approximateBacklogAge?.seconds ?? 0),
    };
  };
}
