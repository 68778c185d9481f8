/** The JSON schema of one trace record, version 1. What is written is checked against it in `trace.test.ts`. */
const stamp = {
  v: { const: 1 },
  sequence: { type: 'integer', minimum: 1 },
  time_ms: { type: 'number', minimum: 0 },
  node: { type: 'string' },
  actor: { type: 'string' },
  cause: { type: ['integer', 'null'], minimum: 1 },
} as const;

const stampKeys = ['v', 'sequence', 'time_ms', 'node', 'actor', 'cause'] as const;

export const traceRecordSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'pve-actors trace record, version 1',
  oneOf: [
    {
      title: 'an event that a machine took',
      type: 'object',
      properties: {
        ...stamp,
        kind: { const: 'machine' },
        machine: { type: 'string' },
        event: { type: 'object', properties: { type: { type: 'string' } }, required: ['type'] },
        before: {},
        after: {},
        changed: { type: 'object' },
        effects: {
          type: 'array',
          items: {
            type: 'object',
            properties: { type: { type: 'string' }, params: {} },
            required: ['type'],
            additionalProperties: false,
          },
        },
      },
      required: [...stampKeys, 'kind', 'machine', 'event', 'before', 'after', 'changed', 'effects'],
      additionalProperties: false,
    },
    {
      title: 'an input that a core took',
      type: 'object',
      properties: {
        ...stamp,
        kind: { const: 'core' },
        core: { type: 'string' },
        input: { type: 'string' },
        digest: { type: 'string', pattern: '^([0-9a-f]{64})?$' },
        size_bytes: { type: 'integer', minimum: 0 },
        result: { type: 'string' },
      },
      required: [...stampKeys, 'kind', 'core', 'input', 'digest', 'size_bytes', 'result'],
      additionalProperties: false,
    },
  ],
} as const;
