/** The API's answer as it came. */
export function Json({ of, title = 'Raw JSON' }: { of: unknown; title?: string }) {
  return (
    <details class="json">
      <summary>{title}</summary>
      <pre tabIndex={0}>{JSON.stringify(of, null, 2)}</pre>
    </details>
  );
}
