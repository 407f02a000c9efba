/** What stands in the box of a leg, so that none of it runs over the edge or over something else; the tables say it whole. */
import { formatAmount } from './amount.ts';
import { BOX } from './saga-layout.ts';
import { legInWords, outcomeInWords, reasonOfStep } from './saga-words.ts';
import { inWords } from './status.ts';

interface LegLike extends Readonly<Parameters<typeof outcomeInWords>[0]> {
  readonly amount: string | null;
  readonly currency: string | null;
}

interface BoxText {
  readonly title: string;
  readonly verdict: string;
  /** At the right of the verdict, or beneath it, where there is room. */
  readonly amount: string | undefined;
  readonly isAmountBeneath: boolean;
  readonly reason: string | undefined;
  /** So many of the last attempts are ticks; the number beside them says the rest. */
  readonly tickCount: number;
  readonly attempts: string | undefined;
}

/** To the left and to the right of the text. */
export const INSET = { left: 12, right: 8 };
export const TICK_WIDTH = 6;
const ROOM = BOX.width - INSET.left - INSET.right;
/** As in the style: of the title and the verdict, and of the rest. */
const [LARGE, SMALL] = [12, 11];
const GAP = 6;
const TICKS_MAX = 14;

export function boxText(leg: LegLike, isGivenUp: boolean): BoxText {
  const { amount: of, currency, verdict: decided, attempt_count: count } = leg;
  const verdict = outcomeInWords(leg, isGivenUp);
  const reason = decided?.reason ?? undefined;
  const amount = of === null ? undefined : formatAmount(of, currency ?? undefined).text;
  const isBeside = amount !== undefined && widthOf(verdict, LARGE) + GAP + widthOf(amount, SMALL) <= ROOM;
  const isBeneath = amount !== undefined && !isBeside && reason === undefined && widthOf(amount, SMALL) <= ROOM;
  const attempts = count > 1 ? `${count} attempts` : undefined;
  const room = attempts === undefined ? ROOM : ROOM - GAP - widthOf(attempts, SMALL);
  return {
    title: fitted(legInWords(leg.leg), LARGE, { isBold: true }),
    verdict: fitted(verdict, LARGE),
    amount: isBeside || isBeneath ? amount : undefined,
    isAmountBeneath: isBeneath,
    reason: reason === undefined ? undefined : fitted(inWords(reason), SMALL),
    tickCount: Math.min(TICKS_MAX, leg.attempts.length, Math.floor(room / TICK_WIDTH)),
    attempts,
  };
}

/** Above the dot of a step: no wider than a box. */
export function stepNote(step: string, reason: string): string {
  return fitted(reasonOfStep(step, reason), SMALL);
}

/** With an ellipsis where there is no room for all of it. */
function fitted(text: string, size: number, weight: { isBold?: boolean } = {}): string {
  if (widthOf(text, size, weight) <= ROOM) return text;
  let cut = text;
  while (cut !== '' && widthOf(`${cut}…`, size, weight) > ROOM) cut = cut.slice(0, -1);
  return `${cut.trimEnd()}…`;
}

/** In pixels, about: no font is asked, since the drawing is laid out before it is shown. */
export function widthOf(text: string, size: number, { isBold = false }: { isBold?: boolean } = {}): number {
  const ems = Array.from(text, emsOf).reduce((sum, each) => sum + each, 0);
  return ems * size * (isBold ? 1.08 : 1);
}

function emsOf(letter: string): number {
  if (/[iljtfrI.,:' ]/.test(letter)) return 0.31;
  if (/[mwMW…]/.test(letter)) return 0.88;
  return 0.59;
}
