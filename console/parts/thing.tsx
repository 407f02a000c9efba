/** A page about one thing: its name and id, and then its answer, or why there is none. */
import type { ComponentChildren } from 'preact';
import type { Answer } from '../answer.ts';
import { Id } from './id.tsx';
import { Problem } from './problem.tsx';

interface ThingProps<T> {
  readonly title: string;
  readonly id: string;
  readonly answer: Answer<T>;
  readonly children: (data: T) => ComponentChildren;
}

export function Thing<T>({ title, id, answer: { data, error, isLoading, reload }, children }: ThingProps<T>) {
  return (
    <>
      <header class="title" data-subject={id}>
        <h1>{title}</h1>
        <Id of={id} whole />
      </header>
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {data === undefined ? isLoading && <p class="loading">Loading …</p> : children(data)}
    </>
  );
}
