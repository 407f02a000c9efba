/** How often a recurring transfer is made, in words. */
import { inBrief } from './in-brief.ts';
import { formatDuration } from './time.ts';

interface Rhythm {
  readonly every: number | null;
  readonly calendar: Readonly<Record<string, unknown>> | null;
  readonly time_zone: string;
}

export function rhythmOf({ every, calendar, time_zone }: Rhythm): string {
  if (every !== null) return `every ${formatDuration(every * 1_000)}`;
  const parts = Object.entries(calendar ?? {})
    .filter(([name, value]) => name !== 'missing_day' && value !== '*')
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${inBrief(value)}`);
  return `${parts.join(', ')} in ${time_zone}`;
}
