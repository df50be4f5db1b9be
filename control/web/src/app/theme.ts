import {
  ActionIcon,
  Alert,
  Anchor,
  Button,
  type CSSVariablesResolver,
  createTheme,
  InputWrapper,
  type MantineColorsTuple,
  Menu,
  Modal,
  SegmentedControl,
  Tooltip,
} from '@mantine/core';

const petrol: MantineColorsTuple = [
  '#eef7f8',
  '#dcecef',
  '#b5d8de',
  '#8bc3cd',
  '#68b1be',
  '#4f9fad',
  '#3b8a99',
  '#27707f',
  '#17606f',
  '#0b4a57',
];

const slate: MantineColorsTuple = [
  '#dde3e8',
  '#bcc5cd',
  '#9aa5b0',
  '#75818d',
  '#45505b',
  '#333c46',
  '#262e36',
  '#181d23',
  '#12161b',
  '#0c0f13',
];

const SYSTEM_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: 8,
  colors: { petrol, dark: slate },
  fontFamily: SYSTEM_FONT,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", monospace',
  headings: {
    fontFamily: SYSTEM_FONT,
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.375rem', lineHeight: '1.3' }, h2: { fontSize: '1rem', lineHeight: '1.4' } },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray', size: 'lg' } }),
    Alert: Alert.extend({
      defaultProps: { variant: 'outline' },
      styles: { title: { color: 'var(--mantine-color-error)' } },
    }),
    Anchor: Anchor.extend({ defaultProps: { inherit: true } }),
    Button: Button.extend({ styles: { label: { fontWeight: 500 } } }),
    InputWrapper: InputWrapper.extend({
      defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] },
    }),
    // Menus open within the page's main part, so that screen readers find them in a landmark.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false, portalProps: { target: '#overlays' } } }),
    Modal: Modal.extend({
      styles: { title: { fontWeight: 600 } },
      defaultProps: { closeButtonProps: { 'aria-label': 'Close' }, overlayProps: { backgroundOpacity: 0.45 } },
    }),
    SegmentedControl: SegmentedControl.extend({ styles: { label: { fontWeight: 500 } } }),
    Tooltip: Tooltip.extend({
      defaultProps: {
        withArrow: true,
        openDelay: 300,
        portalProps: { target: '#overlays' },
        events: { hover: true, focus: true, touch: false },
      },
    }),
  },
});

/** Mantine's dimmed, placeholder and error colours are too faint on our grounds for WCAG AA. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fbfcfc',
    '--mantine-color-text': '#1c2227',
    '--mantine-color-dimmed': '#56626d',
    '--mantine-color-placeholder': '#66727d',
    '--mantine-color-error': '#c02626',
    '--ct-surface': '#ffffff',
    '--ct-line': '#e1e6ea',
    '--ct-sunken': '#f2f5f6',
    '--ct-accent-ground': '#e6f2f4',
    '--ct-accent-text': '#17606f',
    '--ct-bar': '#8bc3cd',
    '--ct-warning': '#a8540b',
    '--ct-up': '#1c6f3d',
    '--ct-down': '#a83a1f',
  },
  dark: {
    '--mantine-color-body': '#12161b',
    '--mantine-color-text': '#dde3e8',
    '--mantine-color-dimmed': '#9aa5b0',
    '--mantine-color-placeholder': '#919ca7',
    '--mantine-color-error': '#ff8f8f',
    '--ct-surface': '#181d23',
    '--ct-line': '#2b333c',
    '--ct-sunken': '#1e242b',
    '--ct-accent-ground': '#1d2c33',
    '--ct-accent-text': '#b5d8de',
    '--ct-bar': '#27707f',
    '--ct-warning': '#f0a95d',
    '--ct-up': '#69c58b',
    '--ct-down': '#f0957d',
  },
});
