/**
 * Text that is shown to people as one line: what would forge a line of a log, an export or a list, or show an amount in another
 * order than it is stored in, is told by its code point. https://www.unicode.org/reports/tr9/ has the marks, CVE-2021-42574 what
 * they are good for.
 */

/** Controls (C0, DEL, C1), the separators of lines and paragraphs, and what marks, embeds, overrides or isolates a direction. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** The first character that has no place in a line of text, such as `U+202E`, if there is one. */
export function forbiddenCharacter(text: string): string | undefined {
  const found = FORBIDDEN.exec(text)?.[0];
  return found && `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
