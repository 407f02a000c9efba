/** The list of keys. */
import { useEffect, useRef } from 'preact/hooks';
import { isHelpShown } from './keyboard.ts';
import { GROUPS } from './routes.tsx';

const KEYS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['/'], 'find anything'],
  [['j'], 'next row'],
  [['k'], 'row before'],
  [['Enter'], 'open the row'],
  [['y'], 'copy the id'],
  [['?'], 'these keys'],
  [['Esc'], 'close'],
];

export function Keys() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const goes = GROUPS.flatMap(({ routes }) => routes).map(
    ({ letter = '', name = '' }) => [['g', letter], name] as const,
  );
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={() => (isHelpShown.value = false)}>
      <h2 id="keys-title">Keys</h2>
      <dl>
        {[...KEYS, ...goes].map(([keys, does]) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <footer>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </footer>
    </dialog>
  );
}
