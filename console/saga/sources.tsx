/** Which part of the picture is missing, and why. */
export function Sources({ of }: { of: Readonly<Record<string, string>> }) {
  const missing = Object.entries(of).filter(([, state]) => state !== 'ok');
  if (missing.length === 0) return null;
  return (
    <p class="quiet" role="status">
      {missing.map(([name, state]) => sentenceOf(name, state)).join(' ')}
    </p>
  );
}

function sentenceOf(name: string, state: string): string {
  if (name === 'temporal' && state === 'gone')
    return 'Temporal keeps no history of it any more, so attempts are not shown.';
  if (state === 'not_configured') return '';
  return `${name} does not answer: what it knows is not shown.`;
}
