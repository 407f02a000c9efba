/**
 * What voters do about a transfer or a batch that waits: at once, twice, with a second key, too late, against each other, on what they have
 * asked for, or without the right to.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval } from '../client/client.ts';
import { cancelOf } from './actions.ts';
import type { Cast, Voter } from './approval-votes.ts';
import type { Clients } from './clients.ts';
import type { Draws } from './draws.ts';
import { pause } from './pause.ts';
import type { Violations } from './violations.ts';

export type Course = (approval: Approval, draws: Draws, signal: AbortSignal) => Promise<void>;

interface Those {
  readonly cast: Cast;
  /** Who asks, with both keys. */
  readonly askers: readonly Voter[];
  /** One with both keys, and another one. */
  readonly first: readonly Voter[];
  readonly second: Voter;
  /** Whose votes count for nothing. */
  readonly stranger: Voter;
  /** Of its votes the book has nothing. */
  readonly castInVain: Cast;
  readonly root: Voter;
  readonly clients: Pick<Clients, 'act'>;
  readonly violations: Violations;
  readonly changePolicy: (draws: Draws, signal: AbortSignal) => Promise<void>;
}

const LATE_MS_MAX = 8_000;
const BESIDE_MS_MAX = 60;

/** Returns a course that draws one of them. */
export function createCourses(those: Those): Course {
  const { cast, castInVain, askers, first, second, stranger, root, clients, violations, changePolicy } = those;
  const voteAsAsker = async (asker: Voter, approval: Approval, signal: AbortSignal): Promise<void> => {
    if ((await cast(asker, 'approve', approval, signal)) === 'taken')
      violations.report('observer', approval.approval_id, 'who has asked for it has approved it');
  };
  const voteAsStranger: Course = async (approval, _, signal) => {
    if ((await castInVain(stranger, 'approve', approval, signal)) === 'taken')
      violations.report('observer', approval.approval_id, 'who was not granted any votes has approved it');
  };
  const agree: Course = async (approval, draws, signal) => {
    const voters = [...first, first[0]!, ...(draws.chance(0.7, 'second') ? [second] : [])];
    await Promise.all([
      ...askers.map((asker) => voteAsAsker(asker, approval, signal)),
      ...(draws.chance(0.3, 'stranger') ? [voteAsStranger(approval, draws, signal)] : []),
      ...draws.shuffled(voters, 'voters').map((voter) => cast(voter, 'approve', approval, signal)),
    ]);
  };
  /** Just before the end of the time for it, at it, or after it. */
  const beLate: Course = async (approval, draws, signal) => {
    const leftMs = Date.parse(approval.expires_at) - Date.now();
    if (leftMs < LATE_MS_MAX) await pause(Math.max(0, leftMs) + draws.whole(-150, 400, 'late'), signal);
    await agree(approval, draws, signal);
  };
  const beside =
    (other: Course): Course =>
    async (approval, draws, signal) => {
      const later = sleep(draws.whole(0, BESIDE_MS_MAX, 'after')).then(() => other(approval, draws, signal));
      await Promise.all([later, agree(approval, draws, signal)]);
    };
  /** Who has asked for it wants it no more. A batch has no other way. */
  const giveUp: Course = async (approval, _, signal) => {
    if (approval.kind === 'batch') await cast(askers[0]!, 'reject', approval, signal);
    else await clients.act(cancelOf(approval.approval_id));
  };
  const courses: readonly (readonly [weight: number, course: Course])[] = [
    [6, agree],
    [2, beLate],
    [2, beside(async (approval, _, signal) => void (await cast(second, 'reject', approval, signal)))],
    [1, beside(async (approval, _, signal) => void (await cast(root, 'override', approval, signal)))],
    [2, beside(giveUp)],
    [2, beside((_, draws, signal) => changePolicy(draws, signal))],
    [1, async () => {}],
  ];
  const weights = courses.reduce((sum, [weight]) => sum + weight, 0);
  return (approval, draws, signal) => {
    let rest = draws.number('course') * weights;
    const [, course] = courses.find(([weight]) => (rest -= weight) < 0)!;
    return course(approval, draws, signal);
  };
}
