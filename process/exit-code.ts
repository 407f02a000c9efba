/** The exit codes of all programs here; README.md lists them. A command that Ctrl-C interrupts may exit with a shell's 130. */
export const EXIT = {
  ok: 0,
  /** It was done and went wrong, such as an invariant that is broken, or a goal that is missed; or it was refused. */
  failed: 1,
  /** The command line, a setting or a file is wrong: nothing was begun. */
  usage: 2,
  /** It could not be done, or not to its end: no stack runs, or the API or a server does not answer. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
