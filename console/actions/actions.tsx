/** The actions that a thing allows now, as buttons; each opens the dialog in which it is decided. */
import { useState } from 'preact/hooks';
import type { Seen } from '../format/difference.ts';
import type { Action } from './action.ts';
import { Decide } from './decide.tsx';

export function Actions({ of, seen, onDone }: { of: readonly Action[]; seen: Seen; onDone: () => void }) {
  const [open, setOpen] = useState<{ action: Action; seen: Seen } | undefined>(undefined);
  // What is being decided stays open, whatever became of the thing meanwhile: its answer has to be seen.
  if (of.length === 0 && open === undefined) return null;
  return (
    <div class="actions" role="group" aria-label="Actions">
      {of.map((action) => (
        <button key={action.title} type="button" onClick={() => setOpen({ action, seen })}>
          {action.title}
        </button>
      ))}
      {open === undefined ? null : (
        <Decide
          {...open}
          onClose={(isDone) => {
            setOpen(undefined);
            if (isDone) onDone();
          }}
        />
      )}
    </div>
  );
}
