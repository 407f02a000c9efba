/** What a person has to write before a decision is sent. */
import { inCurrency } from '../format/amount.ts';
import { isLarge, type Action } from './action.ts';

export interface Written {
  readonly comment: string;
  readonly onBehalfOf: string;
  /** The amount, of a large one. */
  readonly typed: string;
}

interface DecideFieldsProps {
  readonly of: Action;
  readonly written: Written;
  readonly onWrite: (next: Written) => void;
}

export function DecideFields({ of: { isComment = false, isForOthers, money }, written, onWrite }: DecideFieldsProps) {
  const { comment, onBehalfOf, typed } = written;
  return (
    <>
      {isComment ? (
        <label>
          <span>Why</span>
          <textarea
            name="comment"
            rows={2}
            required
            maxLength={1000}
            value={comment}
            // The API takes one line.
            onInput={({ currentTarget }) => onWrite({ ...written, comment: currentTarget.value.replaceAll('\n', ' ') })}
          />
        </label>
      ) : null}
      {isComment && isForOthers ? (
        <label>
          <span>For whom, if not for yourself; who you are is known by your key</span>
          <input
            name="on-behalf-of"
            maxLength={255}
            autocomplete="off"
            value={onBehalfOf}
            onInput={({ currentTarget }) => onWrite({ ...written, onBehalfOf: currentTarget.value })}
          />
        </label>
      ) : null}
      {isLarge(money) ? (
        <label>
          <span>Type the amount, {inCurrency(money!.amount, money!.currency)}</span>
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
