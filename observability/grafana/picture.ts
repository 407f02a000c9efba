/**
 * The 3 a.m. dashboard as an SVG, drawn from a Prometheus without Grafana:
 * `npm run -s draw:dashboard -- http://127.0.0.1:9090 10 > picture.svg` draws the last ten minutes; a third
 * argument, an RFC 3339 time, has it draw those before. It asks for each panel's
 * queries as they are written, and shows what Grafana shows: a figure that is green or red, or lines with their last values.
 */
import type { Panel } from './dashboard.ts';
import { THREE_AM } from './three-am.ts';

interface Series {
  readonly name: string;
  /** In the order of time; a value that is no number is left out. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

const WIDTH = 1_200;
const MARGIN = 16;
const ROW_HEAD = 30;
const PANEL_HEIGHT = 150;
const COLUMNS = 24;
const STEPS = 120;
const LINES_MAX = 5;
const NAME_MAX = 19;
const CALL_LIMIT_MS = 10_000;
const COLORS = ['#2563eb', '#d97706', '#0d9488', '#9333ea', '#db2777', '#64748b'] as const;
const RED = '#c4162a';
const GREEN = '#37872d';
const INK = '#0f172a';
const FAINT = '#64748b';

if (import.meta.main) {
  const [url, minutes = '10', until] = process.argv.slice(2);
  if (url === undefined)
    throw new Error('Usage: node observability/grafana/picture.ts <URL of Prometheus> [minutes] [until]');
  const end = until === undefined ? Date.now() : Date.parse(until);
  process.stdout.write(await draw(url, Number(minutes), Math.floor(end / 1_000)));
}

async function draw(url: string, minutes: number, end: number): Promise<string> {
  const span = { start: end - minutes * 60, end };
  const drawn: string[] = [];
  let top = MARGIN + ROW_HEAD;
  for (const { title, panels } of THREE_AM.rows) {
    drawn.push(text(MARGIN, top + ROW_HEAD / 2, title, `font-size="15" font-weight="600"`));
    top += ROW_HEAD;
    let left = MARGIN;
    for (const panel of panels) {
      const width = ((panel.width ?? COLUMNS / 4) / COLUMNS) * (WIDTH - 2 * MARGIN);
      const series = (await Promise.all(panel.queries.map((query) => seriesOf(url, query, span)))).flat();
      drawn.push(drawPanel(panel, series, span, { left: left + 4, top, width: width - 8 }));
      left += width;
    }
    top += PANEL_HEIGHT + 10;
  }
  const height = top + MARGIN;
  const title = `${THREE_AM.title} · ${new Date(end * 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes until then`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${THREE_AM.title}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#f1f5f9"/>`,
    text(MARGIN, MARGIN + 8, title, `font-size="17" font-weight="700"`),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

async function seriesOf(
  url: string,
  [query, legend]: Panel['queries'][number],
  { start, end }: { start: number; end: number },
): Promise<Series[]> {
  const parameters = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${(end - start) / STEPS}` });
  const response = await fetch(`${url}/api/v1/query_range?${parameters.toString()}`, {
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  });
  const { data, error } = (await response.json()) as {
    data?: { result: { metric: Record<string, string>; values: [number, string][] }[] };
    error?: string;
  };
  if (data === undefined) throw new Error(`${query}: ${error}`);
  return data.result.map(({ metric, values }) => ({
    name: (legend ?? '').replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
    points: values.map(([at, value]) => [at, Number(value)] as const).filter(([, value]) => Number.isFinite(value)),
  }));
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

function drawPanel(
  panel: Panel,
  series: readonly Series[],
  span: { start: number; end: number },
  place: Place,
): string {
  const { left, top, width } = place;
  const isFigure = panel.redFrom !== undefined || panel.isVerdict === true;
  return [
    `<rect x="${left}" y="${top}" width="${width}" height="${PANEL_HEIGHT}" rx="4" fill="#ffffff" stroke="#e2e8f0"/>`,
    text(left + 10, top + 16, panel.title, `font-weight="600"`),
    ...(isFigure ? figures(panel, series, place) : lines(panel, series, span, place)),
  ].join('\n');
}

function figures(panel: Panel, series: readonly Series[], { left, top, width }: Place): string[] {
  const shown = series.filter(({ points }) => points.length > 0).slice(0, LINES_MAX);
  if (shown.length === 0) return [text(left + 10, top + 80, 'no data', `fill="${FAINT}"`)];
  const each = (PANEL_HEIGHT - 40) / shown.length;
  return shown.flatMap(({ name, points }, row) => {
    const value = points.at(-1)![1];
    const isRed = panel.isVerdict ? value < 1 : value >= panel.redFrom!;
    const middle = top + 32 + each * (row + 0.5);
    const words = panel.isVerdict ? (isRed ? 'no' : 'yes') : inWords(value, panel.unit);
    const size = Math.min(panel.isVerdict ? 26 : 34, each * 0.7);
    return [
      text(left + 12, middle, words, `font-size="${size}" font-weight="700" fill="${isRed ? RED : GREEN}"`),
      text(left + width - 12, middle, name, `text-anchor="end" fill="${FAINT}"`),
    ];
  });
}

function lines(
  { unit }: Panel,
  series: readonly Series[],
  { start, end }: { start: number; end: number },
  { left, top, width }: Place,
): string[] {
  const seen = series.filter(({ points }) => points.length > 0).toSorted((a, b) => most(b) - most(a));
  const moved = seen.filter((one) => most(one) > 0);
  const shown = (moved.length > 0 ? moved : seen).slice(0, LINES_MAX);
  const rest = seen.length - shown.length;
  const highest = Math.max(...shown.map(most), 0);
  const [plotTop, plotHeight, plotWidth] = [top + 30, PANEL_HEIGHT - 40, width * 0.46];
  const x = (at: number): number => left + 10 + ((at - start) / (end - start)) * (plotWidth - 10);
  const y = (value: number): number => plotTop + plotHeight - (highest === 0 ? 0 : (value / highest) * plotHeight);
  const axis = `<line x1="${left + 10}" x2="${left + plotWidth}" y1="${plotTop + plotHeight}" y2="${plotTop + plotHeight}" stroke="#cbd5e1"/>`;
  return [
    axis,
    ...shown.flatMap(({ name, points }, row) => {
      const color = COLORS[row]!;
      const path = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
      const label = `${shortened(name || 'now')}: ${inWords(points.at(-1)![1], unit)}`;
      const at = plotTop + 6 + row * 18;
      return [
        `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.6"/>`,
        `<circle cx="${left + plotWidth + 12}" cy="${at}" r="4" fill="${color}"/>`,
        text(left + plotWidth + 20, at, label, `font-size="10.5"`),
      ];
    }),
    ...(rest > 0
      ? [
          text(
            left + plotWidth + 20,
            plotTop + 6 + shown.length * 18,
            `and ${rest} more`,
            `font-size="10.5" fill="${FAINT}"`,
          ),
        ]
      : []),
  ];
}

function shortened(name: string): string {
  const short = name.replace(/^counterpoise-/, '');
  return short.length <= NAME_MAX ? short : `${short.slice(0, NAME_MAX - 1)}…`;
}

function most({ points }: Series): number {
  return Math.max(...points.map(([, value]) => value));
}

function inWords(value: number, unit: Panel['unit'] = 'short'): string {
  if (unit === 's') return inSeconds(value);
  if (unit === 'percentunit') return `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
  const rounded = Number.isInteger(value) ? `${value}` : value.toFixed(value >= 10 ? 0 : 2);
  return unit === 'ops' || unit === 'reqps' ? `${rounded}/s` : rounded;
}

function inSeconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1_000)} ms`;
  if (value < 120) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return `${Math.round(value / 60)} min`;
}

function text(x: number, y: number, content: string, more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const fill = more.includes('fill=') ? '' : ` fill="${INK}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" dominant-baseline="central"${fill} ${more}>${escaped}</text>`;
}
