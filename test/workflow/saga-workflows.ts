/** A saga of two steps, a pivot and two steps behind it, as a workflow of somebody else's, for saga.test.ts. */
import { proxyActivities } from '@temporalio/workflow';
import {
  saga,
  type Done,
  type Ended,
  type How,
  type Outcome,
  type PivotVerdict,
  type Stuck,
  type Verdict,
} from '../../saga/saga.ts';

export interface ParticipantActivities {
  readonly reserve: (sagaId: string) => Promise<Outcome<number>>;
  readonly release: (sagaId: string) => Promise<Verdict>;
  readonly hold: (sagaId: string, seat: number) => Promise<Outcome<string>>;
  readonly cancelHold: (sagaId: string) => Promise<Verdict>;
  readonly issue: (sagaId: string, hold: string) => Promise<Outcome<string>>;
  readonly voidTicket: (sagaId: string) => Promise<PivotVerdict>;
  readonly capture: (sagaId: string, hold: string) => Promise<Done<string>>;
  readonly send: (sagaId: string, ticket: string) => Promise<Done<null>>;
  readonly tell: (stuck: Stuck) => Promise<void>;
}

const participant = (how: How) => proxyActivities<ParticipantActivities>(how);
const { tell } = proxyActivities<ParticipantActivities>({ startToCloseTimeout: '10 seconds' });

export function sale(
  sagaId: string,
): Promise<Ended<{ reserve: number; hold: string; issue: string; capture: string }>> {
  return saga()
    .step('reserve', {
      do: (how) => participant(how).reserve(sagaId),
      undo: (how) => participant(how).release(sagaId),
    })
    .step('hold', {
      do: (how, { reserve }) => participant(how).hold(sagaId, reserve),
      undo: (how) => participant(how).cancelHold(sagaId),
    })
    .pivot('issue', {
      do: (how, { hold }) => participant(how).issue(sagaId, hold),
      undo: (how) => participant(how).voidTicket(sagaId),
    })
    .forward('capture', (how, { hold }) => participant(how).capture(sagaId, hold))
    .forward('send', (how, { issue }) => participant(how).send(sagaId, issue))
    .run({ attention: (stuck) => tell(stuck) });
}
