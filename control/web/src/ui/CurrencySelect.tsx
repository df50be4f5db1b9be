import { NativeSelect, type NativeSelectProps } from '@mantine/core';
import { useMemo } from 'react';
import { currencies } from '#/lib/money';

export function CurrencySelect(props: Omit<NativeSelectProps, 'data'>) {
  const data = useMemo(currencies, []);
  return <NativeSelect data={data} {...props} />;
}
