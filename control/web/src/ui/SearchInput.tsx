import { Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { Icon } from './Icon';

const TYPING_MS = 250;

interface SearchInputProps {
  label: string;
  value: string;
  onSearch: (text: string) => void;
}

/** A search field that `/` focuses, Enter applies at once, and Escape empties. */
export function SearchInput({ label, value, onSearch }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const searchSoon = useDebouncedCallback(onSearch, TYPING_MS);
  useHotkeys([['/', () => input.current?.focus()]]);
  const apply = (next: string) => {
    setText(next);
    onSearch(next.trim());
  };
  return (
    <TextInput
      ref={input}
      type="search"
      role="searchbox"
      aria-label={label}
      placeholder={label}
      aria-keyshortcuts="/"
      leftSection={<Icon name="search" size={16} />}
      rightSection={text ? null : <Kbd size="xs">/</Kbd>}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        searchSoon(event.currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') apply(text);
        if (event.key === 'Escape') apply('');
      }}
      style={{ flex: '1 1 220px', maxWidth: 360 }}
    />
  );
}
