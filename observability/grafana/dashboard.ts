/** A dashboard as code, and as the JSON that Grafana reads. */

/** A query, and how its lines are named. */
type Query = readonly [expr: string, legend?: string];

export interface Panel {
  readonly title: string;
  /** What it answers, and what to do if the answer is a bad one. */
  readonly description?: string;
  readonly unit?: 's' | 'reqps' | 'short' | 'percentunit' | 'bytes' | 'dateTimeFromNow' | 'ops';
  readonly queries: readonly Query[];
  /** A figure instead of lines: green up to here, red from here on. */
  readonly redFrom?: number;
  /** A figure that is red at 0 and green at 1. */
  readonly isVerdict?: true;
  readonly width?: number;
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly rows: readonly Row[];
}

const RED = '#c4162a';
const GREEN = '#37872d';

const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
const COLUMNS = 24;
const HEIGHT = 7;

/** The dashboard as Grafana's JSON. */
export function render({ uid, title, rows }: Dashboard): string {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? COLUMNS / 4;
      if (x + w > COLUMNS) {
        x = 0;
        y += HEIGHT;
      }
      panels.push(renderPanel(panel, panels.length + 1, { x, y, w, h: HEIGHT }));
      x += w;
    }
    y += HEIGHT;
  }
  const dashboard = {
    ...{ uid, title, panels, tags: ['counterpoise'], schemaVersion: 39, editable: false, graphTooltip: 1 },
    ...{ time: { from: 'now-1h', to: 'now' }, refresh: '30s', timezone: 'utc' },
    links: [
      {
        type: 'dashboards',
        title: 'Counterpoise',
        tags: ['counterpoise'],
        asDropdown: false,
        includeVars: false,
        keepTime: true,
      },
    ],
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function renderPanel(
  { title, description, unit = 'short', queries, redFrom, isVerdict }: Panel,
  id: number,
  gridPos: object,
): object {
  const isFigure = redFrom !== undefined || isVerdict === true;
  const steps = isVerdict
    ? [
        { color: RED, value: null },
        { color: GREEN, value: 1 },
      ]
    : [{ color: GREEN, value: null }, ...(redFrom === undefined ? [] : [{ color: RED, value: redFrom }])];
  return {
    ...{ id, type: isFigure ? 'stat' : 'timeseries', title, gridPos, datasource: DATASOURCE },
    ...(description === undefined ? {} : { description }),
    targets: queries.map(([expr, legendFormat = ''], at) => ({
      ...{ refId: String.fromCharCode(65 + at), expr, legendFormat, datasource: DATASOURCE },
      ...(isFigure ? { instant: true } : {}),
    })),
    fieldConfig: {
      defaults: {
        ...{ unit, min: 0, thresholds: { mode: 'absolute', steps } },
        ...(isVerdict ? { mappings: [{ type: 'value', options: { 0: { text: 'no' }, 1: { text: 'yes' } } }] } : {}),
      },
      overrides: [],
    },
    options: isFigure
      ? { colorMode: 'background', reduceOptions: { calcs: ['lastNotNull'] } }
      : { legend: { displayMode: 'list', placement: 'bottom' } },
  };
}
