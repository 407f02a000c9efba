/** The experiments of the check, one for each property that a participant has to keep. */
import type { Asking } from './participant-calls.ts';
import type { Outcome, PivotVerdict } from './verdict.ts';

export const PROPERTIES = {
  repeat: 'a repeat of a do returns the same, and has no effect of its own',
  repeats_at_once: 'of many dos at once one has the effect, and all return the same',
  other_terms: 'a repeat with other terms throws, and changes nothing',
  refusal: 'a refusal is kept: a repeat returns the same, and its undo finds nothing to reverse',
  undo: 'an undo reverses what was done',
  undo_repeat: 'a repeat of an undo returns the same, and reverses nothing more',
  undos_at_once: 'of many undos at once one reverses, and all return the same',
  undo_first: 'an undo that comes first forbids the do, which does nothing however late it arrives',
  late_repeat: 'a do that is repeated after its undo does nothing',
  lost_answer: 'an undo finds what was done though nobody got its answer',
  do_beside_undo: 'of a do and an undo at once one comes first, both say so, and the effect agrees',
} as const;
export type Property = keyof typeof PROPERTIES;

export interface Setting {
  readonly ask: Asking;
  /** What the undo of a done step says: `happened` of a pivot, which stays done. */
  readonly verdict: Exclude<PivotVerdict, 'never_happened'>;
  /** The number of calls of one race. */
  readonly atOnce: number;
  /** Counts the runs of an experiment, from 0. */
  readonly round: number;
}

/** Returns what was seen if the property is broken, and otherwise an empty text. */
type Experiment = (sagaId: string, setting: Setting) => Promise<string>;

/** Those whose outcome depends on which call comes first. */
export const RACES: readonly Property[] = ['repeats_at_once', 'undos_at_once', 'lost_answer', 'do_beside_undo'];

export const EXPERIMENTS: Readonly<Record<Property, Experiment>> = {
  async repeat(saga, { ask }) {
    const answers = [await ask.do(saga), await ask.do(saga), await ask.do(saga)];
    return all(answers, isDone, 'done') || ask.effectsAre(1, saga);
  },

  async repeats_at_once(saga, { ask, atOnce }) {
    return all(await many(atOnce, () => ask.do(saga)), isDone, 'done') || ask.effectsAre(1, saga);
  },

  async other_terms(saga, { ask }) {
    await ask.do(saga);
    const returned = await ask.doOther!(saga).then(show, () => undefined);
    return returned === undefined ? ask.effectsAre(1, saga) : `it returned ${returned} instead of throwing`;
  },

  async refusal(saga, { ask }) {
    const answers = [await ask.doRefused!(saga), await ask.doRefused!(saga)];
    return (
      all(answers, ({ outcome }) => outcome === 'refused', 'refused') ||
      all([await ask.undo(saga)], hasNotHappened, 'never_happened') ||
      ask.effectsAre(0, saga)
    );
  },

  async undo(saga, { ask, verdict }) {
    await ask.do(saga);
    return all([await ask.undo(saga)], (said) => said === verdict, verdict) || ask.effectsAre(left(verdict), saga);
  },

  async undo_repeat(saga, { ask, verdict }) {
    await ask.do(saga);
    const verdicts = [await ask.undo(saga), await ask.undo(saga), await ask.undo(saga)];
    return all(verdicts, (said) => said === verdict, verdict) || ask.effectsAre(left(verdict), saga);
  },

  async undos_at_once(saga, { ask, verdict, atOnce }) {
    await ask.do(saga);
    const verdicts = await many(atOnce, () => ask.undo(saga));
    return all(verdicts, (said) => said === verdict, verdict) || ask.effectsAre(left(verdict), saga);
  },

  async undo_first(saga, { ask }) {
    const verdicts = [await ask.undo(saga), await ask.undo(saga)];
    return (
      all(verdicts, hasNotHappened, 'never_happened') ||
      all([await ask.do(saga), await ask.do(saga)], (answer) => !isDone(answer), 'undone') ||
      ask.effectsAre(0, saga)
    );
  },

  async late_repeat(saga, { ask, verdict }) {
    await ask.do(saga);
    await ask.undo(saga);
    const stays = verdict === 'happened';
    const late = [await ask.do(saga)];
    return (
      all(late, (answer) => isDone(answer) === stays, stays ? 'done' : 'undone') || ask.effectsAre(left(verdict), saga)
    );
  },

  async lost_answer(saga, { ask, verdict }) {
    // Whoever asked has given up, and hears neither the answer nor an error.
    const unheard = ask.do(saga).catch(() => {});
    const again = await ask.do(saga);
    await unheard;
    return (
      all([again], isDone, 'done') ||
      all([await ask.undo(saga)], (said) => said === verdict, verdict) ||
      ask.effectsAre(left(verdict), saga)
    );
  },

  async do_beside_undo(saga, { ask, verdict, round }) {
    const asked = round % 2 === 0 ? [ask.do(saga), ask.undo(saga)] : [ask.undo(saga), ask.do(saga)];
    const answers = await Promise.all(asked);
    const [answer, said] = (round % 2 === 0 ? answers : answers.toReversed()) as [Outcome<unknown>, PivotVerdict];
    const happened = `after a do returned ${show(answer)} and the undo beside it ${said}`;
    if (isDone(answer) ? said !== verdict : !hasNotHappened(said)) return happened;
    const effects = isDone(answer) ? left(verdict) : 0;
    const found = await ask.effectsAre(effects, saga);
    if (found !== '') return `${found}, ${happened}`;
    // Both are asked once more, as late calls are.
    const late = [await ask.do(saga), await ask.undo(saga)] as const;
    const isSame = isDone(late[0]) === (effects === 1) && hasNotHappened(late[1]) === (effects === 0);
    return isSame ? ask.effectsAre(effects, saga) : `${happened}, they returned ${late.map(show).join(' and ')}`;
  },
};

/** How often the effect of a done step is there after its undo. */
function left(verdict: PivotVerdict): number {
  return verdict === 'happened' ? 1 : 0;
}

function many<T>(count: number, call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, call));
}

function isDone({ outcome }: Outcome<unknown>): boolean {
  return outcome === 'done';
}

function hasNotHappened(verdict: PivotVerdict): boolean {
  return verdict === 'never_happened' || verdict === 'undone';
}

/** Returns what was seen unless all answers are the same, and fit. */
function all<T>(answers: readonly T[], fits: (answer: T) => boolean, expected: string): string {
  const shown = [...new Set(answers.map(show))];
  return shown.length === 1 && answers.every(fits) ? '' : `it returned ${shown.join(' and ')} instead of ${expected}`;
}

/** As JSON whose members are in alphabetical order, for a database may keep them in another. */
function show(value: unknown): string {
  const sorted = (_: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sorted) ?? 'undefined';
}
