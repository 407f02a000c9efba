/**
 * The user that PostgreSQL runs as. PostgreSQL refuses to be root, so for a launcher that is root it runs as an existing
 * unprivileged user. That user often cannot enter the directories that lead here (/root, a temporary directory, both 0700), whose
 * permissions are not ours to change: util-linux' setpriv then lends the process the one capability to pass through them.
 */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf, StackError } from './stack-error.ts';

export interface PostgresUser {
  /** The user to whom the data directory must belong; undefined if that is the launcher's own user. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly run: (command: string, args: readonly string[]) => RunAs;
}

interface RunAs {
  readonly command: string;
  readonly args: readonly string[];
  readonly user?: { readonly uid: number; readonly gid: number };
}

const USERS = ['postgres', '_postgres', 'nobody'];

export function postgresUser(bin: string, postgresDir: string): PostgresUser {
  if (process.getuid?.() !== 0) return { owner: undefined, run: (command, args) => ({ command, args }) };

  const owner = ownerOf(postgresDir) ?? existingUser();
  const closed = firstClosed(join(bin, 'postgres')) ?? firstClosed(dirname(postgresDir));
  if (closed === undefined) return { owner, run: (command, args) => ({ command, args, user: owner }) };

  const lend = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // access(2) ignores capabilities of a user that is not root, unless told not to, and initdb uses it.
    '--securebits=+no_setuid_fixup',
    '--',
  ];
  try {
    execFileSync('setpriv', [...lend, join(bin, 'postgres'), '--version'], { stdio: 'pipe' });
  } catch (error) {
    throw new StackError(
      `PostgreSQL refuses to run as root, and user ${owner.uid}, whom it would run as, cannot enter ${closed}. ` +
        `setpriv, which could let it through, fails: ${reasonOf(error).trim()}. Do one of these: ` +
        'run npm start as a user other than root; put the checkout and DATA_DIR where every user may enter ' +
        '(not below /root); install the package util-linux.',
    );
  }
  return { owner, run: (command, args) => ({ command: 'setpriv', args: [...lend, command, ...args] }) };
}

/**
 * The owner of an existing data directory, so that it keeps working whichever user started it first; undefined if that is root.
 */
function ownerOf(directory: string): { uid: number; gid: number } | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false });
  return stat && stat.uid !== 0 ? { uid: stat.uid, gid: stat.gid } : undefined;
}

function existingUser(): { uid: number; gid: number } {
  for (const name of USERS) {
    try {
      const id = (flag: string): number => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      continue;
    }
  }
  throw new StackError(
    `PostgreSQL refuses to run as root, and there is no user to run it as (tried ${USERS.join(', ')}). ` +
      'Run npm start as a user other than root.',
  );
}

/** The first part of a path that users other than its owner cannot read or pass through. */
function firstClosed(path: string): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : firstClosed(parent);
  return above ?? ((statSync(path).mode & 0o001) === 0 ? path : undefined);
}
