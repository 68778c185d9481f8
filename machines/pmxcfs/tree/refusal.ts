/**
 * Results of refused tree operations: negative errno numbers of Linux (spec/pmxcfs.md, conventions), as they travel to
 * callers. The positive numbers are in `runtime/file-system/errno.ts`, which machines may not import.
 */
export const NO_ENTRY = -2;
export const IO_ERROR = -5;
export const ACCESS_DENIED = -13;
export const EXISTS = -17;
export const NOT_A_DIRECTORY = -20;
export const INVALID = -22;
export const TOO_BIG = -27;
export const NOT_EMPTY = -39;
