/** A run that can't show more, or isn't asked to: an expectation failed, a checker has spoken, or its time is up. */
export class RunEnded extends Error {}
