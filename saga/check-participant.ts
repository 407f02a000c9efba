/**
 * The check of a participant: experiments with the real service, each on sagas of its own, which show whether its do and its undo may
 * be called again, in any order, late and at once. It does not stop the service in the middle of a call: that is why do and undo have
 * to be one transaction each.
 */
import { EXPERIMENTS, PROPERTIES, RACES, type Property } from './experiments.ts';
import { asking, type Participant } from './participant-calls.ts';

export type { Property } from './experiments.ts';
export type { Participant } from './participant-calls.ts';
export type * from './verdict.ts';

export interface CheckOptions {
  /** How often each race is run. Default: 20. */
  readonly rounds?: number;
  /** The number of calls of one race. Default: 8. */
  readonly atOnce?: number;
  /** How long one call may take. Default: 15 000. */
  readonly limitMs?: number;
}

export interface CheckReport {
  /** What was tried, and held. */
  readonly held: readonly Property[];
  /** The number of calls of do and undo. */
  readonly calls: number;
}

export interface Broken {
  readonly property: Property;
  /** The saga in which it was seen, for a look at the service's data. */
  readonly sagaId: string;
  readonly seen: string;
}

export class ParticipantBroken extends Error {
  override readonly name = 'ParticipantBroken';
  /** The first breach of each property. */
  readonly broken: readonly Broken[];

  constructor(broken: readonly Broken[]) {
    const lines = broken.map(
      ({ property, sagaId, seen }) => `${property} is broken (${PROPERTIES[property]}):\n  ${seen}, in saga ${sagaId}`,
    );
    super(lines.join('\n'));
    this.broken = broken;
  }
}

/**
 * Tries everything, by some hundred calls. Throws a ParticipantBroken if anything is broken. What it has done it undoes, as far as the
 * participant can; of a pivot it stays.
 */
export async function checkParticipant(participant: Participant, options: CheckOptions = {}): Promise<CheckReport> {
  const { rounds = 20, atOnce = 8, limitMs = 15_000 } = options;
  const ask = asking(participant, limitMs);
  const probe = crypto.randomUUID();
  await ask.do(probe);
  const verdict = (await ask.undo(probe)) === 'happened' ? 'happened' : 'undone';

  const tried = (Object.keys(PROPERTIES) as Property[]).filter(
    (property) =>
      (property !== 'other_terms' || ask.doOther !== undefined) &&
      (property !== 'refusal' || ask.doRefused !== undefined),
  );
  const broken: Broken[] = [];
  for (const property of tried) {
    const times = RACES.includes(property) ? rounds : 2;
    for (let round = 0; round < times; round += 1) {
      const sagaId = crypto.randomUUID();
      const seen = await EXPERIMENTS[property](sagaId, { ask, verdict, atOnce, round }).catch(
        (error: unknown) => `a call keeps failing: ${String(error)}`,
      );
      await ask.undo(sagaId).catch(() => {});
      if (seen === '') continue;
      broken.push({ property, sagaId, seen });
      break;
    }
  }
  if (broken.length > 0) throw new ParticipantBroken(broken);
  return { held: tried, calls: ask.calls() };
}
