// SPDX-License-Identifier: MIT
/** Nothing may throw into the page; what went wrong is told to a developer who asks for it. */

export let isDebug = false;

export function setDebug(isOn: boolean): void {
  isDebug = isOn;
}

export function log(...what: unknown[]): void {
  if (isDebug) console.log('clicktrail', ...what);
}

/** What `run` returns, or undefined when it throws. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    log(error);
    return undefined;
  }
}
