/**
 * The id of a wallet's user: how it may be written, and which of its forms a wallet may be kept under. The rules for new ids became
 * stricter, so they are judged only once no wallet of an earlier version is found.
 */
import { FIELD_FAULTS } from '../http/field-codes.ts';
import { isWithin, textField } from '../http/fields.ts';
import { forbiddenCharacter } from '../http/plain-text.ts';
import type { Fault } from '../http/problem.ts';
import { bodyFault } from '../http/validation.ts';

const CHARACTERS_MAX = 255;

const anyUserId = textField(CHARACTERS_MAX).refine((text) => text !== '', 'too_short');

/** The user id as it was sent; `userIdOf` returns the user's id as it is kept. `userIdFaults` has the rules for new ones. */
export const userIdField = anyUserId.openapi({
  minLength: 1,
  example: 'alice',
  description:
    'One line without blanks at its ends. Stored and compared in Unicode’s form NFC; upper and lower case differ.',
});

/** The user id in the query of a list. */
export const userIdParameter = anyUserId.openapi({
  minLength: 1,
  example: 'alice',
  description: 'As sent, or in Unicode’s form NFC or NFD.',
});

/**
 * The user id in Unicode's form NFC: the same letters may be written in several ways, which look the same and would be two users.
 */
export function userIdOf(text: string): string {
  return text.normalize('NFC');
}

/**
 * The ids under which the user may have a wallet, the one that was sent first. An earlier version kept an id as it was sent, and
 * what sends NFC today may have sent NFD then, as file names on some systems are. A mixture of the two is not looked for.
 */
export function formsOf(text: string): string[] {
  return [...new Set([text, userIdOf(text), text.normalize('NFD')])];
}

/** The faults for which no wallet is opened for this user id. */
export function userIdFaults(text: string): Fault[] {
  const faults: Fault[] = [];
  const character = forbiddenCharacter(text);
  if (character !== undefined) {
    const detail = `It has ${character}. ${FIELD_FAULTS.character_forbidden}`;
    faults.push(bodyFault('character_forbidden', ['user_id'], detail));
  }
  if (text !== text.trim()) faults.push(bodyFault('blank_at_edge', ['user_id']));
  if (!isWithin(userIdOf(text), CHARACTERS_MAX)) faults.push(bodyFault('too_long', ['user_id']));
  return faults;
}
