/** Parameters that a command line gives as the name of a file (spec/cli.md §1). */
import type { Buffer } from 'node:buffer';
import type { Parameters } from '../api/parameters.ts';
import type { ToolCommand } from './tool.ts';

type Content = (file: Buffer) => string;

const text: Content = (file) => file.toString('utf8');
const base64: Content = (file) => file.toString('base64');

const storageFiles = { keyring: text, 'encryption-key': text, 'master-pubkey': base64 };

const fileOptions: Readonly<Record<string, Readonly<Record<string, Content>>>> = {
  'pvenode cert set': { certificates: text, key: text },
  'pvenode acme plugin add': { data: base64 },
  'pvenode acme plugin set': { data: base64 },
  'pvesm add': storageFiles,
  'pvesm set': storageFiles,
};

export function contentOfFiles(
  { tool, words }: ToolCommand,
  params: Parameters,
  readFile: (path: string) => Buffer,
): Parameters {
  const options = fileOptions[`${tool} ${words}`];
  if (options === undefined) return params;
  // `autogen` makes the storage's key instead of naming one.
  const isWord = (name: string, value: unknown) => name === 'encryption-key' && value === 'autogen';
  const entries = Object.entries(params).map(([name, value]) => {
    const content = Object.hasOwn(options, name) && !isWord(name, value) ? options[name] : undefined;
    return [name, content === undefined ? value : content(readFile(String(value)))] as const;
  });
  return Object.fromEntries(entries);
}
