/** A time, in the zone that the person has chosen; the other spelling is its title. */
import { ago, formatTime } from '../format/time.ts';
import { zone } from '../settings.ts';

export function Time({ of, finest = false }: { of: string | null | undefined; finest?: boolean }) {
  if (of === null || of === undefined) return <span class="none">–</span>;
  return (
    <time dateTime={of} title={of}>
      {formatTime(of, zone.value === 'UTC' ? 'UTC' : undefined, { finest })}
    </time>
  );
}

/** How long ago it was. It is as old as the page's last answer. */
export function Age({ of }: { of: string | null | undefined }) {
  if (of === null || of === undefined) return <span class="none">–</span>;
  return (
    <time dateTime={of} title={formatTime(of, zone.value === 'UTC' ? 'UTC' : undefined)}>
      {ago(of, Date.now())}
    </time>
  );
}
