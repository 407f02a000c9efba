/**
 * The sources of an answer that is put together: each is asked by itself, and one that does not answer is named in the answer and
 * not waited for, so that what the others know is shown all the same.
 */
import type { Context } from 'hono';
import { LATE, within } from '../../process/deadline.ts';
import type { ApiEnv } from '../http/env.ts';

/** `not_configured`: the installation has no such service. */
type SourceState = 'ok' | 'unavailable' | 'not_configured' | 'not_allowed' | 'gone';

interface Sources<Name extends string, State extends SourceState> {
  /** What each asked source has come to. */
  readonly states: () => Record<Name, State>;
  readonly note: (name: Name, state: State) => void;
  /** Takes a source back that was asked for several at once. */
  readonly forget: (name: Name) => void;
  /** The answer of a source; undefined if it has none in time, which is noted and logged. */
  readonly ask: <Answer>(name: Name, question: () => Promise<Answer>) => Promise<Answer | undefined>;
}

/** A little longer than a query's own limit, whose error says better what was late. */
const SOURCE_LIMIT_MS = 1_900;

export function createSources<Name extends string, State extends SourceState>(
  log: Pick<Context<ApiEnv>['var']['log'], 'warn'>,
): Sources<Name, State | 'ok' | 'unavailable'> {
  const states = new Map<Name, State | 'ok' | 'unavailable'>();
  return {
    states: () => Object.fromEntries(states) as Record<Name, State | 'ok' | 'unavailable'>,
    note: (name, state) => void states.set(name, state),
    forget: (name) => void states.delete(name),
    async ask(name, question) {
      try {
        const answer = await within(SOURCE_LIMIT_MS, question());
        if (answer === LATE) throw new Error(`no answer within ${SOURCE_LIMIT_MS} ms`);
        states.set(name, 'ok');
        return answer;
      } catch (error) {
        log.warn({ err: error, source: name }, 'an answer lacks one of its sources');
        states.set(name, 'unavailable');
        return undefined;
      }
    },
  };
}
