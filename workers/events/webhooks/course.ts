/**
 * The course of one endpoint's deliveries, which its parts share. One process has it at a time, in one epoch of the endpoint; the first
 * write that finds another epoch ends it.
 */
import { beginState, type CourseState, type StateDeps } from './course-state.ts';
import { createTries, type Tries, type TryDeps } from './tries.ts';

export type CourseDeps = StateDeps & TryDeps;
export type Course = CourseState & Tries;

export function beginCourse(deps: CourseDeps): Course {
  const state = beginState(deps);
  return { ...state, ...createTries(state, deps) };
}
