/** An id, cut short to the eye and whole when it is copied, and a link if it has a page. */
import { at } from '../router.ts';

interface IdProps {
  readonly of: string | null | undefined;
  readonly to?: string;
  readonly whole?: boolean;
  /** Whether its end is seen too: in a list of ids that all begin alike. */
  readonly hasTail?: boolean;
}

const TAIL_LENGTH = 6;

export function Id({ of, to, whole = false, hasTail = false }: IdProps) {
  if (of === null || of === undefined) return <span class="none">–</span>;
  const className = whole || hasTail ? 'id whole' : 'id';
  const shown = hasTail ? (
    <>
      <span class="id">{of.slice(0, -TAIL_LENGTH)}</span>
      {of.slice(-TAIL_LENGTH)}
    </>
  ) : (
    of
  );
  return to === undefined ? (
    <code class={className} title={of}>
      {shown}
    </code>
  ) : (
    <a class={className} href={at(`${to}/${encodeURIComponent(of)}`)} title={of}>
      {shown}
    </a>
  );
}
