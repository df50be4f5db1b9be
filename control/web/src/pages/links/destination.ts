/** What is wrong with an address that a link is to lead to; null where nothing is. */
export function destinationError(destination: string): string | null {
  const text = destination.trim();
  if (!text) return 'Enter the page that the link should open.';
  return addressError(text);
}

/** The same for an address that may be left out. */
export function addressError(address: string): string | null {
  const text = address.trim();
  if (!text) return null;
  if (!/^https?:\/\//i.test(text)) return 'Start with https:// or http://.';
  return URL.canParse(text) ? null : 'This is not a valid address.';
}
