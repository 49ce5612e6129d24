// One scenario per process: a step per line on stdin, {"step": ..., "given": {...}}; its result per line on stdout.

import { webcrypto } from 'node:crypto';
import { createInterface } from 'node:readline';

// What browsers and Node.js from 20 on have; Debian 12 has 18.
globalThis.crypto ??= webcrypto;

// No client may reach out to the world, whatever its defaults are.
const fetchAnything = globalThis.fetch;
globalThis.fetch = (url, options) => {
  const { hostname } = new URL(String(url));
  if (hostname !== '127.0.0.1') {
    throw new Error(`a client reached out to ${hostname}`);
  }
  return fetchAnything(url, options);
};

/** Answers each line with the result of `steps[step](given)`, or with the name and the message of what it throws. */
export async function serve(steps) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { step, given } = JSON.parse(line);
    let answer;
    try {
      answer = { result: (await steps[step](given)) ?? null };
    } catch (error) {
      answer = { error: { name: error.code ?? error.name, message: error.message } };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
