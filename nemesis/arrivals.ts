/**
 * What has arrived at a receiver, by position in the log. A body that comes again differently, and an event that comes behind a
 * later one of its subject, are told as they arrive.
 */
import { hash } from 'node:crypto';

/** A webhook's body, as far as its receiver has to know it. */
export interface Delivered {
  readonly position: number;
  readonly subject: string;
}

export interface Arrivals {
  /** Takes note of a body, whatever becomes of it. */
  readonly see: (delivered: Delivered, body: string) => void;
  /** Returns whether it was not accepted before. */
  readonly accept: (delivered: Delivered) => boolean;
  /** Returns whether it is new. */
  readonly drop: (delivered: Delivered) => boolean;
  /** Takes note that nobody sends this one. */
  readonly passOver: (position: number) => void;
  /** The positions that were dropped and not accepted since, lowest first. */
  readonly dropped: () => number[];
  /** The first positions up to this one that were not accepted, at most so many. */
  readonly lacks: (upTo: number, howMany: number) => number[];
  /** Whether everything up to this position was accepted. */
  readonly hasAll: (upTo: number) => boolean;
  /** The digest of a body that has come and is not forgotten. */
  readonly digestAt: (position: number) => string | undefined;
  /** Takes everything up to this position for accepted; it is no longer compared with its repeats. */
  readonly forget: (upTo: number) => void;
}

/** The digest by which bodies are compared. */
export function digestOf(body: string): string {
  return hash('sha256', body, 'base64url');
}

export function openArrivals(isOrdered: boolean, violation: (subject: string, detail: string) => void): Arrivals {
  const digests = new Map<number, string>();
  const accepted = new Set<number>();
  const dropped = new Set<number>();
  /** The newest position of each subject that was accepted. */
  const newest = new Map<string, number>();
  let forgotten = 0;
  /** Everything up to here is accepted. */
  let allUpTo = 0;
  const isAccepted = (position: number): boolean => position <= forgotten || accepted.has(position);
  const advance = (): void => {
    while (isAccepted(allUpTo + 1)) allUpTo += 1;
  };

  return {
    see({ position, subject }: Delivered, body: string): void {
      if (position <= forgotten) return;
      const digest = digestOf(body);
      const before = digests.get(position);
      if (before === undefined) digests.set(position, digest);
      else if (before !== digest) violation(subject, `position ${position} came again with another body`);
    },
    accept({ position, subject }: Delivered): boolean {
      dropped.delete(position);
      if (isAccepted(position)) return false;
      accepted.add(position);
      advance();
      const before = newest.get(subject) ?? 0;
      if (isOrdered && before > position)
        violation(subject, `position ${position} came after position ${before} of the same subject`);
      newest.set(subject, Math.max(before, position));
      return true;
    },
    drop({ position }: Delivered): boolean {
      if (isAccepted(position) || dropped.has(position)) return false;
      dropped.add(position);
      return true;
    },
    passOver(position: number): void {
      accepted.add(position);
      advance();
    },
    dropped: (): number[] => [...dropped].sort((a, b) => a - b),
    lacks(upTo: number, howMany: number): number[] {
      const lacking: number[] = [];
      for (let position = allUpTo + 1; position <= upTo && lacking.length < howMany; position += 1)
        if (!isAccepted(position)) lacking.push(position);
      return lacking;
    },
    hasAll: (upTo: number): boolean => allUpTo >= upTo,
    digestAt: (position: number): string | undefined => digests.get(position),
    forget(upTo: number): void {
      for (let position = forgotten + 1; position <= upTo; position += 1) {
        digests.delete(position);
        accepted.delete(position);
      }
      forgotten = Math.max(forgotten, upTo);
      advance();
    },
  };
}
