/** Spaces, control characters and marks that reverse text would let an address look like another one. */
const DECEPTIVE = /[\s\p{Cc}\p{Cf}]/u;

/** An address as people read it: `https://example.com/größe` for `…/gr%C3%B6%C3%9Fe`. Reserved characters stay encoded. */
export function readableUrl(url: string): string {
  try {
    const decoded = decodeURI(url);
    return DECEPTIVE.test(decoded) ? url : decoded;
  } catch {
    return url;
  }
}

/** A short link without its scheme: what people read and say. */
export function shortName(shortUrl: string): string {
  return readableUrl(shortUrl).replace(/^https?:\/\//, '');
}
