/** A status: a dot in the color of its meaning, and always the word, for who does not see colors. */
import { inWords, meaningOfStatus, type Meaning } from '../format/status.ts';

export function Status({ of, as, note }: { of: string; as?: Meaning; note?: string | null | undefined }) {
  return (
    <span class={`status ${as ?? meaningOfStatus(of)}`}>
      {inWords(of)}
      {note === null || note === undefined ? null : <span class="note"> · {inWords(note)}</span>}
    </span>
  );
}
