/** An id, cut short to the eye and whole when it is copied, and a link if it has a page. */
import { at } from '../router.ts';

export function Id({ of, to, whole = false }: { of: string | null | undefined; to?: string; whole?: boolean }) {
  if (of === null || of === undefined) return <span class="none">–</span>;
  const className = whole ? 'id whole' : 'id';
  return to === undefined ? (
    <code class={className} title={of}>
      {of}
    </code>
  ) : (
    <a class={className} href={at(`${to}/${encodeURIComponent(of)}`)} title={of}>
      {of}
    </a>
  );
}
