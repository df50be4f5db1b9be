// Sets the colour scheme before the first paint, so that a dark dashboard never flashes white. A file of its own, since
// the Content-Security-Policy allows no inline script.
(() => {
  const stored = localStorage.getItem('mantine-color-scheme-value');
  const prefersDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const isDark = stored === 'dark' || (stored !== 'light' && prefersDark);
  document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
})();
