/** The Random port: every draw of a node comes from here, so that a simulation can replay it. */
export interface Random {
  /** `size` random bytes. */
  bytes(size: number): Buffer;
  /** A number in [0, 1). */
  unit(): number;
  /** An unsigned 32-bit integer. */
  u32(): number;
}
