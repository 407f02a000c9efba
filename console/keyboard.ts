/** The keys that work everywhere, unless a person types into a field or a dialog is open. */
import { signal } from '@preact/signals';
import { focusRow } from './parts/focus.ts';
import { at, go } from './router.ts';
import { GROUPS } from './routes.tsx';

/** Whether the list of keys is shown. */
export const isHelpShown = signal(false);
/** What was just done that cannot be seen, for a moment. */
export const notice = signal<string | undefined>(undefined);

const NOTICE_MS = 2_000;
/** The letter has to follow `g` within so long. */
const SECOND_KEY_MS = 1_500;

let going: ReturnType<typeof setTimeout> | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target as Element)) return;
    if (act(event.key)) event.preventDefault();
  });
}

function act(key: string): boolean {
  if (going !== undefined) {
    stopGoing();
    const route = GROUPS.flatMap(({ routes }) => routes).find(({ letter }) => letter === key);
    if (route === undefined) return false;
    go(at(route.pattern));
    return true;
  }
  switch (key) {
    case '/':
      document.querySelector<HTMLInputElement>('#find')?.select();
      return true;
    case '?':
      isHelpShown.value = true;
      return true;
    case 'g':
      going = setTimeout(stopGoing, SECOND_KEY_MS);
      return true;
    case 'j':
    case 'k':
      return moveBy(key === 'j' ? 1 : -1);
    case 'y':
      return copyId();
    default:
      return false;
  }
}

function stopGoing(): void {
  clearTimeout(going);
  going = undefined;
}

function isTyping(target: Element): boolean {
  return target.matches('input, textarea, select') || document.querySelector('dialog[open]') !== null;
}

function moveBy(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const present = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[present === -1 ? 0 : present + step];
  if (next !== undefined) focusRow(next);
  return next !== undefined;
}

/** The id of the row that has the focus, or of what the page is about. */
function copyId(): boolean {
  const row = document.activeElement?.closest<HTMLElement>('[data-id]');
  const id = (row ?? document.querySelector<HTMLElement>('main [data-subject]'))?.dataset;
  const text = id?.['id'] ?? id?.['subject'];
  if (text === undefined) return false;
  navigator.clipboard.writeText(text).then(
    () => say(`Copied ${text}`),
    () => say('The browser does not let the page copy.'),
  );
  return true;
}

function say(text: string): void {
  notice.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (notice.value = undefined), NOTICE_MS);
}
