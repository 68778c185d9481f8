const MAX_U64 = 18_446_744_073_709_551_615n;

/**
 * The `config_version` of a corosync.conf: the first match of the key, white space, `:`, white space and decimal
 * digits (spec/pmxcfs.md §5.8 step 2). 0 without a match; a number beyond u64 becomes the greatest u64.
 */
export function configVersionOf(text: string): bigint {
  const digits = /config_version[ \t\n\v\f\r]*:[ \t\n\v\f\r]*([0-9]+)/.exec(text)?.[1];
  if (digits === undefined) return 0n;
  const version = BigInt(digits);
  return version > MAX_U64 ? MAX_U64 : version;
}
