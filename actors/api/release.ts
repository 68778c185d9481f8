/** What this release calls itself. Clients parse the version as that of the original (spec/api.md §10.2). */
export const release = {
  version: '9.2.11',
  release: '9.2',
  /** 16 hex digits: of the API's description that this release implements. */
  repoid: '70766561637473a1',
} as const;
