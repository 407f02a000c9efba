/** What a person has to write before a decision is sent. */
import { isLarge, type Action } from './action.ts';

export interface Written {
  readonly comment: string;
  readonly actor: string;
  /** The amount, of a large one. */
  readonly typed: string;
}

interface DecideFieldsProps {
  readonly of: Action;
  readonly written: Written;
  readonly onWrite: (next: Written) => void;
}

export function DecideFields({ of: { isComment = false, money }, written, onWrite }: DecideFieldsProps) {
  const { comment, actor, typed } = written;
  return (
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
              // The API takes one line.
              onInput={({ currentTarget }) =>
                onWrite({ ...written, comment: currentTarget.value.replaceAll('\n', ' ') })
              }
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
              onInput={({ currentTarget }) => onWrite({ ...written, actor: currentTarget.value })}
            />
          </label>
        </>
      ) : null}
      {isLarge(money) ? (
        <label>
          <span>
            Type the amount, {money!.amount} {money!.currency}
          </span>
          <input
            name="amount"
            inputMode="decimal"
            autocomplete="off"
            value={typed}
            onInput={({ currentTarget }) => onWrite({ ...written, typed: currentTarget.value })}
          />
        </label>
      ) : null}
    </>
  );
}
