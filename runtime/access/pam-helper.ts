/** Asks PAM one question, which comes on standard input, and ends with 0 where the answer is yes. Run by pam.ts. */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import type { PamQuestion } from './pam.ts';

const SERVICE = 'proxmox-ve-auth';
const PAM_SUCCESS = 0;
const PAM_PROMPT_ECHO_OFF = 1;
const PAM_PROMPT_ECHO_ON = 2;
const PAM_RHOST = 4;
/** `struct pam_response`: a text and a number, each of a machine word. */
const RESPONSE_BYTES = 16;

function answerOf({ name, password, address }: PamQuestion): string | undefined {
  const libpam = koffi.load('libpam.so.0');
  const libc = koffi.load(null);
  const calloc = libc.func('void *calloc(size_t count, size_t size)');
  const strdup = libc.func('void *strdup(const char *text)');
  const message = koffi.struct('pam_message', { style: 'int', text: 'const char *' });
  const conversationType = koffi.proto(
    'int PamConversation(int count, const pam_message **messages, _Out_ void **responses, void *data)',
  );
  koffi.struct('pam_conv', { ask: koffi.pointer(conversationType), data: 'void *' });
  const start = libpam.func(
    'int pam_start(const char *service, const char *user, const pam_conv *conv, _Out_ void **handle)',
  );
  const setItem = libpam.func('int pam_set_item(void *handle, int item, const char *value)');
  const authenticate = libpam.func('int pam_authenticate(void *handle, int flags)');
  const account = libpam.func('int pam_acct_mgmt(void *handle, int flags)');
  const sentence = libpam.func('const char *pam_strerror(void *handle, int error)');
  const ask = koffi.register((count: number, messages: unknown, responses: unknown) => {
    const answers = calloc(count, RESPONSE_BYTES);
    const pointers = koffi.decode(messages, koffi.array(koffi.pointer(message), count)) as unknown[];
    for (const [index, pointer] of pointers.entries()) {
      const { style } = koffi.decode(pointer, message) as { style: number };
      if (style !== PAM_PROMPT_ECHO_OFF && style !== PAM_PROMPT_ECHO_ON) continue;
      koffi.encode(answers, index * RESPONSE_BYTES, 'void *', strdup(style === PAM_PROMPT_ECHO_OFF ? password : name));
    }
    koffi.encode(responses, 'void *', answers);
    return PAM_SUCCESS;
  }, koffi.pointer(conversationType));
  const handle: [unknown] = [null];
  const started = start(SERVICE, name, { ask, data: null }, handle);
  if (started !== PAM_SUCCESS) return `pam_start failed (${started})`;
  if (address !== '') setItem(handle[0], PAM_RHOST, address);
  const result = authenticate(handle[0], 0) || account(handle[0], 0);
  return result === PAM_SUCCESS ? undefined : String(sentence(handle[0], result));
}

let refusal: string | undefined;
try {
  refusal = answerOf(JSON.parse(readFileSync(0, 'utf8')) as PamQuestion);
} catch (error) {
  refusal = (error as Error).message;
}
if (refusal !== undefined) process.stdout.write(`${refusal}\n`);
// PAM's modules may have left threads behind.
process.exit(refusal === undefined ? 0 : 1);
