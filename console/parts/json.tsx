/** The API's answer as it came. */
export function Json({ of, title = 'Raw JSON', isOpen = false }: { of: unknown; title?: string; isOpen?: boolean }) {
  return (
    <details class="json" open={isOpen}>
      <summary>{title}</summary>
      <pre tabIndex={0}>{JSON.stringify(of, null, 2)}</pre>
    </details>
  );
}
