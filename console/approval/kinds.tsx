/** The three lists about approvals. */
import { at } from '../router.ts';

const KINDS = [
  ['waiting', 'what waits', at('/approvals')],
  ['all', 'all', at('/approvals', { of: 'all' })],
  ['policies', 'policies', at('/approvals/policies')],
] as const;

export function ApprovalKinds({ shown }: { shown: (typeof KINDS)[number][0] }) {
  return (
    <nav aria-label="Kinds of approvals">
      {KINDS.map(([kind, name, href], index) => (
        <>
          {index === 0 ? null : ' · '}
          <a key={kind} href={href} aria-current={kind === shown ? 'page' : undefined}>
            {name}
          </a>
        </>
      ))}
    </nav>
  );
}
