import { mergeConfig } from 'vitest/config';
import base from './vite.config';

// Formats follow the reader's locale; tests read as an English speaker does.
export default mergeConfig(base, { test: { env: { LC_ALL: 'en_US.UTF-8' } } });
