import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const CONTROL_PLANE = 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '#': new URL('./src', import.meta.url).pathname } },
  server: { proxy: { '/api': CONTROL_PLANE } },
  build: {
    // The server's Content-Security-Policy allows files of its own only: nothing may be turned into a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
