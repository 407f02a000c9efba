// saga/ as a package: short enough to be read at once, and typed so that what would lose something does not compile.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { saga } from '../../saga/saga.ts';
import { done, refused, type Outcome, type PivotVerdict, type Verdict } from '../../saga/participant.ts';

const LINES_MAX = 150;

const reserve = (): Promise<Outcome<number>> => Promise.resolve(done(7));
const undone = (): Promise<Verdict> => Promise.resolve('undone');
const asked = (): Promise<PivotVerdict> => Promise.resolve('happened');

test("a saga's workflow code is read at once", () => {
  const text = readFileSync(new URL('../../saga/saga.ts', import.meta.url), 'utf8');
  assert.ok(text.split('\n').length - 1 <= LINES_MAX);
});

test('the compiler refuses an undo without a verdict, a step without its undo, a step behind the pivot, and a forward that may refuse', () => {
  const step = saga().step('reserve', { do: reserve, undo: undone });
  // @ts-expect-error no verdict
  saga().step('reserve', { do: reserve, undo: async () => {} });
  // @ts-expect-error what a step's undo finds done, it undoes
  saga().step('reserve', { do: reserve, undo: asked });
  // @ts-expect-error no undo
  saga().step('reserve', { do: reserve });
  // @ts-expect-error no pivot
  assert.ok(step.run);
  const pivot = step.pivot('issue', { do: (_, { reserve: seat }) => Promise.resolve(done(seat + 1)), undo: asked });
  const undoOfDetails = (_: unknown, { reserve: seat }: { reserve: number }) => (seat > 1 ? undone() : asked());
  // @ts-expect-error an undo is not given details, for there may be none
  step.pivot('issue', { do: reserve, undo: undoOfDetails });
  // @ts-expect-error a step behind the pivot cannot be undone
  assert.ok(pivot.step);
  // @ts-expect-error there is no such detail
  pivot.forward('capture', (_, { hold }) => Promise.resolve(done(hold)));
  // @ts-expect-error it may be refused
  pivot.forward('capture', () => Promise.resolve(refused('no_money')));
  pivot.forward('capture', (_, { reserve: seat, issue }) => Promise.resolve(done(seat + issue)));
  assert.throws(() => step.step('reserve', { do: reserve, undo: undone }), /two steps are named reserve/);
});
