/** Gives the focus to what is no control of its own. */

/** By its first link or button, or the row itself where it has none. */
export function focusRow(row: HTMLElement): void {
  const control = row.querySelector<HTMLElement>('a, button');
  if (control !== null) control.focus();
  else focusPart(row);
}

/** So that the next Tab, and a screen reader, go on from there. */
export function focusPart(part: HTMLElement): void {
  part.tabIndex = -1;
  part.focus({ preventScroll: part.matches('h1') });
}
