/**
 * The client's end of the watchdog multiplexer (spec/ha.md §10): a connection that says a NUL byte now and then, and `V` before it
 * ends in order. All failures are sentences; one that comes late is told at the next call.
 */
import type { Socket } from 'node:net';
import { connectToService } from '../ipc/connect.ts';

type Told = (error: string | undefined) => void;

const CONNECT_WITHIN_MS = 5000;
const NOT_OPEN = 'it is not open';

export class WatchdogClient {
  readonly #path: string;
  #socket: Socket | undefined;
  #failure: string | undefined;

  /** @param path socket of the multiplexer */
  constructor(path: string) {
    this.#path = path;
  }

  open(done: Told): void {
    void connectToService('watchdog-mux', this.#path, CONNECT_WITHIN_MS).then((socket) => {
      if ('failure' in socket) return done(socket.failure.message);
      this.#socket = socket;
      this.#failure = undefined;
      socket.on('error', ({ message }) => {
        this.#failure ??= message;
      });
      socket.on('close', () => {
        this.#failure ??= 'watchdog-mux has closed the connection';
      });
      socket.resume();
      done(undefined);
    });
  }

  feed(done: Told): void {
    this.#write('\0', done);
  }

  close(done: Told): void {
    const socket = this.#socket;
    this.#write('V', (error) => {
      this.#socket = undefined;
      if (error === undefined) socket?.end();
      done(error);
    });
  }

  #write(text: string, done: Told): void {
    const socket = this.#socket;
    if (socket === undefined || this.#failure !== undefined) done(this.#failure ?? NOT_OPEN);
    else socket.write(text, (error) => done(error?.message));
  }
}
