/** The workflow that moves something: its id, and its raw history in Temporal's Web UI where the API knows where that is. */
import { historyOf } from '../temporal-ui.ts';
import { Id } from './id.tsx';

export function Workflow({ of }: { of: string }) {
  const href = historyOf(of);
  if (href === undefined) return <Id of={of} whole />;
  return (
    <a class="id whole" href={href} target="_blank" rel="noreferrer" title={`${of} in Temporal’s Web UI`}>
      {of}
    </a>
  );
}
