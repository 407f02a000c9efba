/** What a person has chosen about how the console looks: kept in this browser, and harmless to lose. */
import { effect, signal, type Signal } from '@preact/signals';

/** `system` follows the operating system. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
export const ZONES = ['UTC', 'local'] as const;
export type Zone = (typeof ZONES)[number];

export const theme = kept<Theme>('counterpoise-theme', THEMES);
export const zone = kept<Zone>('counterpoise-zone', ZONES);

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});

function kept<T extends string>(name: string, choices: readonly [T, ...T[]]): Signal<T> {
  const stored = choices.find((choice) => choice === localStorage.getItem(name));
  const value = signal<T>(stored ?? choices[0]);
  effect(() => localStorage.setItem(name, value.value));
  return value;
}
