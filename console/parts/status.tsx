/** A status: a dot in the color of its meaning, and always the word, for who does not see colors. */
import { inWords, meaningOfStatus, type Meaning } from '../format/status.ts';

interface StatusProps {
  readonly of: string;
  readonly as?: Meaning;
  /** A code, which is put in words. */
  readonly note?: string | null | undefined;
  /** What is said beside it, as it stands. */
  readonly children?: string | null | undefined;
}

export function Status({ of, as, note, children: said = note && inWords(note) }: StatusProps) {
  return (
    <span class={`status ${as ?? meaningOfStatus(of)}`}>
      {inWords(of)}
      {said === null || said === undefined ? null : <span class="note"> · {said}</span>}
    </span>
  );
}

interface StatusAndAttentionProps extends Pick<StatusProps, 'of' | 'note'> {
  /** Null if it goes on by itself. */
  readonly attention: object | null;
}

/** In a list: the status, and whether it needs a person. */
export function StatusAndAttention({ attention, ...status }: StatusAndAttentionProps) {
  return (
    <>
      <Status {...status} />
      {attention === null ? null : (
        <>
          {' '}
          <Status of="ATTENTION" />
        </>
      )}
    </>
  );
}
