/**
 * The dialog in which a person decides: what it does to money, a comment where one is wanted, a large amount typed, and then the
 * server's own answer. If what was looked at has changed since, the change is shown first, and nothing is done.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Seen } from '../format/difference.ts';
import { unitsOf } from '../format/amount.ts';
import { ON_BEHALF_OF } from '../session.ts';
import { Problem } from '../parts/problem.tsx';
import { Age } from '../parts/time.tsx';
import { Json } from '../parts/json.tsx';
import { Changes } from './changes.tsx';
import { isLarge, type Action } from './action.ts';
import { DecideFields, type Written } from './decide-fields.tsx';
import { tryOf } from './tries.ts';
import { useDecision, type Stage } from './decision.ts';

interface DecideProps {
  readonly action: Action;
  /** As the page showed it when the dialog was opened. */
  readonly seen: Seen;
  /** `isDone`: whether the page should ask again. */
  readonly onClose: (isDone: boolean) => void;
}

export function Decide({ action, seen, onClose }: DecideProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [written, setWritten] = useState<Written>(() => ({
    comment: '',
    typed: '',
    onBehalfOf: sessionStorage.getItem(ON_BEHALF_OF) ?? '',
  }));
  const [{ key: idempotencyKey, sentMs }] = useState(() => tryOf(action.id));
  const { stage, decide } = useDecision(action, seen);
  useEffect(() => dialog.current?.showModal(), []);

  const given = { comment: written.comment.trim(), onBehalfOf: written.onBehalfOf.trim(), idempotencyKey };
  const isReady = isComplete(action, written) && stage.is !== 'sending';
  const isDone = stage.is === 'done';
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (isDone) dialog.current?.close();
    if (isDone || !isReady) return;
    sessionStorage.setItem(ON_BEHALF_OF, written.onBehalfOf);
    void decide(given);
  };

  // What was sent takes effect; its answer has to be seen.
  const keepOpen = (event: Event): void => {
    if (stage.is === 'sending') event.preventDefault();
  };

  return (
    <dialog ref={dialog} aria-labelledby="decide-title" onCancel={keepOpen} onClose={() => onClose(isDone)}>
      <form onSubmit={submit}>
        <h2 id="decide-title">{action.title}</h2>
        <p class="effect">{action.effect}</p>
        {sentMs === undefined || isDone ? null : (
          <p class="problem">
            This was sent from here <Age of={new Date(sentMs).toISOString()} />, and what became of it is not known. To
            send it now tries the same again: it is done once.
          </p>
        )}
        <Outcome of={stage} />
        {isDone ? null : <DecideFields of={action} written={written} onWrite={setWritten} />}
        <details class="curl">
          <summary>As curl</summary>
          <pre tabIndex={0}>{action.curl(given)}</pre>
        </details>
        <Buttons action={action} stage={stage} isReady={isReady} onLeave={() => dialog.current?.close()} />
      </form>
    </dialog>
  );
}

function isComplete({ isComment = false, money }: Action, { comment, typed }: Written): boolean {
  const isTyped = !isLarge(money) || unitsOf(typed.replaceAll(',', '')) === unitsOf(money!.amount);
  return isTyped && (!isComment || comment.trim() !== '');
}

function Outcome({ of: stage }: { of: Stage }) {
  switch (stage.is) {
    case 'changed':
      return <Changes of={stage.changes} />;
    case 'refused':
      return <Problem of={stage.error} />;
    case 'done':
      return (
        <div role="status">
          <p class="status good">The server has answered.</p>
          <Json of={stage.answer} title="Its answer" />
        </div>
      );
    case 'asking':
    case 'sending':
      return null;
  }
}

interface ButtonsProps {
  readonly action: Action;
  readonly stage: Stage;
  readonly isReady: boolean;
  readonly onLeave: () => void;
}

function Buttons({ action: { title }, stage, isReady, onLeave }: ButtonsProps) {
  const submit = useRef<HTMLButtonElement>(null);
  const isDone = stage.is === 'done';
  // The field that had the focus is gone.
  useEffect(() => {
    if (isDone) submit.current?.focus();
  }, [isDone]);
  return (
    <footer>
      {isDone ? null : (
        <button type="button" class="plain" disabled={stage.is === 'sending'} onClick={onLeave}>
          Leave it
        </button>
      )}
      <button ref={submit} type="submit" disabled={!isDone && !isReady}>
        {isDone ? 'Close' : stage.is === 'sending' ? 'Asking …' : title}
      </button>
    </footer>
  );
}
