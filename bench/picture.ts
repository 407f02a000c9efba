/**
 * The picture of the bench, an SVG of groups of bars: many single transfers at a time, the time of one alone, and batches. Each
 * group has its own scale; a line on each bar goes from the least to the greatest of the rounds. Pure.
 */
import { SINGLE, titleOf } from './report.ts';
import type { Measured, Spread } from './turns.ts';

interface Bar {
  readonly id: string;
  readonly value: Spread;
}

const WIDTH = 820;
const LABELS = 280;
const BARS = 430;
const ROW = 26;
const GROUP_HEAD = 40;
const MARGIN = 20;

const COLORS = { own: '#2563eb', floor: '#94a3b8', peer: '#d97706' } as const;
const OWN = /^((local|ordinary)(-grouped)?|batch-\d+)$/;
const FLOOR = /^(database|engine|tpcb)$/;

export function pictureOf(results: readonly Measured[]): string {
  // PostgreSQL alone is so much faster than anything durable that no other bar could be read beside it.
  const compared = SINGLE.filter((id) => id !== 'database');
  const at = (atOnce: number, figure: 'perSecond' | 'p50Ms'): Bar[] =>
    compared.flatMap((id) =>
      results.filter((one) => one.id === id && one.atOnce === atOnce).map((one) => ({ id, value: one[figure] })),
    );
  const batches = results
    .filter(({ id }) => id === 'tpcb' || id.startsWith('batch-'))
    .map(({ id, perSecond }) => ({ id, value: perSecond }));
  const groups = [
    { title: 'Transfers a second, 50 at a time (more is better)', bars: at(50, 'perSecond') },
    { title: 'Transfers a second, 200 at a time (more is better)', bars: at(200, 'perSecond') },
    { title: 'Milliseconds for one at a time, in the median (less is better)', bars: at(1, 'p50Ms') },
    { title: 'Transfers a second in batches, and transactions of TPC-B (more is better)', bars: batches },
  ].filter(({ bars }) => bars.length > 0);

  let top = MARGIN;
  const drawn = groups.map(({ title, bars }) => {
    const group = drawGroup(title, bars, top);
    top += GROUP_HEAD + bars.length * ROW + MARGIN;
    return group;
  });
  const height = top + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>Counterpoise and what it is compared with</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    ...drawn,
    ...legend(top),
    '</svg>',
    '',
  ].join('\n');
}

function legend(y: number): string[] {
  const entries = [
    ['own', 'Counterpoise'],
    ['floor', 'what it stands on'],
    ['peer', 'what else there is'],
  ] as const;
  return entries.flatMap(([kind, meaning], n) => {
    const x = LABELS + n * 150;
    return [
      `<circle cx="${x + 5}" cy="${y}" r="5" fill="${COLORS[kind]}"/>`,
      text(x + 16, y, meaning, 'start', 'font-size="12"'),
    ];
  });
}

function drawGroup(title: string, bars: readonly Bar[], top: number): string {
  const most = Math.max(...bars.map(({ value }) => value.max));
  const at = (value: number): number => LABELS + (value / most) * BARS;
  const rows = bars.map(({ id, value }, row) => {
    const y = top + GROUP_HEAD + row * ROW;
    const middle = y + ROW / 2;
    const color = OWN.test(id) ? COLORS.own : FLOOR.test(id) ? COLORS.floor : COLORS.peer;
    return [
      text(LABELS - 10, middle, titleOf(id), 'end'),
      `<rect x="${LABELS}" y="${y + 4}" width="${(at(value.median) - LABELS).toFixed(1)}" height="${ROW - 8}" rx="3" fill="${color}"/>`,
      `<line x1="${at(value.min).toFixed(1)}" x2="${at(value.max).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#0f172a" stroke-width="1.5"/>`,
      text(at(value.max) + 8, middle, label(value.median), 'start'),
    ].join('\n');
  });
  return [text(MARGIN, top + GROUP_HEAD / 2, title, 'start', 'font-weight="600"'), ...rows].join('\n');
}

function text(x: number, y: number, content: string, anchor: 'start' | 'end', more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" dominant-baseline="central" fill="#0f172a" ${more}>${escaped}</text>`;
}

function label(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 0 : 1);
}
