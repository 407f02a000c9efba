/**
 * The check of text that is shown to people as one line. It finds the code points that would forge a line of a log, an export or a
 * list, or show an amount in another order than it is stored in. https://www.unicode.org/reports/tr9/ lists the marks,
 * CVE-2021-42574 shows their abuse.
 */

/**
 * Controls (C0, DEL, C1), the separators of lines and paragraphs, and the characters that mark, embed, override or isolate a
 * direction.
 */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Returns the first forbidden character as its code point, such as `U+202E`; undefined if there is none. */
export function forbiddenCharacter(text: string): string | undefined {
  const found = FORBIDDEN.exec(text)?.[0];
  return found && `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
