import type { ReactNode } from 'react';

interface ScrollRegionProps {
  label: string;
  className?: string;
  children: ReactNode;
}

/** Something wide that scrolls by itself, so that the page never has to; reachable by keyboard therefore. */
export function ScrollRegion({ label, className = 'table-scroll', children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys scroll it
    <section className={className} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
