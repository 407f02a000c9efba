/** A participant as the check calls it: within a limit, and again where it throws, as a saga does. */
import type { Outcome, PivotVerdict } from './verdict.ts';

export interface Participant {
  /** Asks for the step in this saga, always with the same terms. It has to be possible in as many sagas as are asked for. */
  readonly do: (sagaId: string) => Promise<Outcome<unknown>>;
  readonly undo: (sagaId: string) => Promise<PivotVerdict>;
  /**
   * How often the step has its effect at this moment, by the participant's own data: 1 if it is done, 0 if it is not or is undone.
   * Without it, only answers are compared: an effect that is there twice stays unseen.
   */
  readonly effects?: (sagaId: string) => Promise<number>;
  /** Asks for the same step with other terms, which has to throw. Left out, that is not tried. */
  readonly doOther?: (sagaId: string) => Promise<unknown>;
  /** Asks for a step that is refused. Left out, that is not tried. */
  readonly doRefused?: (sagaId: string) => Promise<Outcome<unknown>>;
}

export interface Asking extends Omit<Participant, 'effects'> {
  /** How many calls there were. */
  readonly calls: () => number;
  /** Returns what was seen if the effects are others, otherwise an empty text. */
  readonly effectsAre: (expected: number, sagaId: string) => Promise<string>;
}

const TRIES_MAX = 5;
const PAUSE_MS = 50;

/**
 * What throws is called again, for an error says nothing of what has happened: a participant may throw where calls meet, and has to
 * answer in the end.
 */
export function asking({ effects, doOther, doRefused, ...participant }: Participant, limitMs: number): Asking {
  let calls = 0;
  const insisting =
    <T>(call: (sagaId: string) => Promise<T>) =>
    async (sagaId: string): Promise<T> => {
      for (let attempt = 1; ; attempt += 1) {
        calls += 1;
        try {
          return await withinLimit(limitMs, call(sagaId));
        } catch (error) {
          if (attempt === TRIES_MAX) throw error;
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
        }
      }
    };
  return {
    calls: () => calls,
    do: insisting(participant.do),
    undo: insisting(participant.undo),
    // Not again: it has to throw.
    ...(doOther === undefined ? {} : { doOther: (sagaId) => withinLimit(limitMs, doOther(sagaId)) }),
    ...(doRefused === undefined ? {} : { doRefused: insisting(doRefused) }),
    effectsAre: async (expected, sagaId) => {
      const seen = effects === undefined ? expected : await withinLimit(limitMs, effects(sagaId));
      return seen === expected ? '' : `the effect is there ${seen} times instead of ${expected}`;
    },
  };
}

async function withinLimit<T>(limitMs: number, call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
