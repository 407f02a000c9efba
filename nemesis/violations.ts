/** A violation: something that a run has found and that must never happen. The list is bounded, the count is not. */
export interface Violation {
  /**
   * The check that saw it: the observer during the run, the audit, the comparison with the book, that of tenants, a drain, a fault, the
   * receivers of events, or Kafka's topic.
   */
  readonly seenBy: 'observer' | 'audit' | 'comparison' | 'tenants' | 'drain' | 'fault' | 'receivers' | 'Kafka';
  readonly detail: string;
  /** The movement or wallet that it is about, if there is one. */
  readonly subject: string | undefined;
}

export interface Violations {
  /** Reports a violation; the same one is reported once, however often it is seen. */
  readonly report: (seenBy: Violation['seenBy'], subject: string | undefined, detail: string) => void;
  readonly first: () => readonly Violation[];
  readonly total: () => number;
}

const KEPT = 300;

export function collectViolations(tell: (violation: Violation) => void = () => {}): Violations {
  const known = new Set<string>();
  const kept: Violation[] = [];
  return {
    report(seenBy, subject, detail) {
      const name = JSON.stringify([seenBy, subject, detail]);
      if (known.has(name)) return;
      known.add(name);
      if (kept.length >= KEPT) return;
      const violation = { seenBy, subject, detail };
      kept.push(violation);
      tell(violation);
    },
    first: () => kept,
    total: () => known.size,
  };
}
