/** What queries of several dashboards have in common. */

/** What else a Prometheus scrapes counts requests too. */
export const OURS = 'job=~"counterpoise.*"';
/** Probes are no requests of anybody. */
export const NOT_HEALTH = 'route!~"/health.*"';
export const share = (part: string, whole: string): string => `sum(${part}) / (sum(${whole}) > 0) or vector(0)`;
export const quantile = (q: number, histogram: string, by = '', of = ''): string =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${histogram}_bucket${of === '' ? '' : `{${of}}`}[5m])))`;
/** With several workers of a kind, each shows the same state. */
export const shown = (gauge: string, ...by: string[]): string => `max by (${by.join(', ')}) (${gauge})`;
