/**
 * The dialog in which a person decides: what it does to money, a comment where one is wanted, a large amount typed, and then the
 * server's own answer. If what was looked at has changed since, the change is shown first, and nothing is done.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { noticeRefusal, client } from '../session.ts';
import { difference, type Change, type Seen } from '../format/difference.ts';
import { unitsOf } from '../format/amount.ts';
import { Problem } from '../parts/problem.tsx';
import { Json } from '../parts/json.tsx';
import { Changes } from './changes.tsx';
import { isLarge, type Action, type Given } from './action.ts';

const ACTOR = 'counterpoise-actor';

type Stage =
  | { readonly is: 'asking' }
  | { readonly is: 'sending' }
  | { readonly is: 'changed'; readonly changes: readonly Change[] }
  | { readonly is: 'refused'; readonly error: unknown }
  | { readonly is: 'done'; readonly answer: unknown };

interface DecideProps {
  readonly action: Action;
  /** As the page showed it when the dialog was opened. */
  readonly seen: Seen;
  /** `isDone`: whether the page should ask again. */
  readonly onClose: (isDone: boolean) => void;
}

export function Decide({ action, seen: seenFirst, onClose }: DecideProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [stage, setStage] = useState<Stage>({ is: 'asking' });
  const [seen, setSeen] = useState(seenFirst);
  const [comment, setComment] = useState('');
  const [typed, setTyped] = useState('');
  const [actor, setActor] = useState(() => sessionStorage.getItem(ACTOR) ?? '');
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  useEffect(() => dialog.current?.showModal(), []);

  const { money, isComment = false } = action;
  const mustType = isLarge(money);
  const isTyped = !mustType || unitsOf(typed.replaceAll(',', '')) === unitsOf(money!.amount);
  const isReady = isTyped && (!isComment || (comment.trim() !== '' && actor.trim() !== ''));
  const given: Given = { comment: comment.trim(), actor: actor.trim(), idempotencyKey };

  const decide = async (): Promise<void> => {
    setStage({ is: 'sending' });
    sessionStorage.setItem(ACTOR, actor);
    try {
      const now = (await action.look?.(client.value)) ?? seen;
      const changes = difference(seen, now);
      if (changes.length > 0) {
        setSeen(now);
        return setStage({ is: 'changed', changes });
      }
      setStage({ is: 'done', answer: await action.send(client.value, given) });
    } catch (error) {
      noticeRefusal(error);
      setStage({ is: 'refused', error });
    }
  };

  const isDone = stage.is === 'done';
  const close = useRef<HTMLButtonElement>(null);
  // The field that had the focus is gone.
  useEffect(() => {
    if (isDone) close.current?.focus();
  }, [isDone]);

  return (
    <dialog ref={dialog} aria-labelledby="decide-title" onClose={() => onClose(isDone)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isDone) dialog.current?.close();
          else if (isReady && stage.is !== 'sending') void decide();
        }}
      >
        <h2 id="decide-title">{action.title}</h2>
        <p class="effect">{action.effect}</p>
        {stage.is === 'changed' ? <Changes of={stage.changes} /> : null}
        {isDone ? (
          <div role="status">
            <p class="status good">The server has answered.</p>
            <Json of={stage.answer} title="Its answer" />
          </div>
        ) : (
          <>
            {isComment ? (
              <>
                <label>
                  <span>Why</span>
                  <textarea
                    name="comment"
                    rows={2}
                    required
                    maxLength={1000}
                    value={comment}
                    onInput={(event) => setComment(event.currentTarget.value.replaceAll('\n', ' '))}
                  />
                </label>
                <label>
                  <span>Your name, for the record</span>
                  <input
                    name="actor"
                    required
                    maxLength={255}
                    autocomplete="username"
                    value={actor}
                    onInput={(event) => setActor(event.currentTarget.value)}
                  />
                </label>
              </>
            ) : null}
            {mustType ? (
              <label>
                <span>
                  Type the amount, {money!.amount} {money!.currency}
                </span>
                <input
                  name="amount"
                  inputMode="decimal"
                  autocomplete="off"
                  value={typed}
                  onInput={(event) => setTyped(event.currentTarget.value)}
                />
              </label>
            ) : null}
            {stage.is === 'refused' ? <Problem of={stage.error} /> : null}
          </>
        )}
        <details class="curl">
          <summary>As curl</summary>
          <pre tabIndex={0}>{action.curl(given)}</pre>
        </details>
        <footer>
          {isDone ? null : (
            <button type="button" class="plain" onClick={() => dialog.current?.close()}>
              Leave it
            </button>
          )}
          <button ref={close} type="submit" disabled={!isDone && (!isReady || stage.is === 'sending')}>
            {isDone ? 'Close' : stage.is === 'sending' ? 'Asking …' : action.title}
          </button>
        </footer>
      </form>
    </dialog>
  );
}
