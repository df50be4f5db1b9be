import { NativeSelect, SegmentedControl, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useId } from 'react';
import type { Model } from '#/api/types';
import { isModel, MODEL_NAMES, MODELS } from '#/lib/words';
import classes from './ModelSwitch.module.css';

const OPTIONS = MODEL_NAMES.map((model) => ({ value: model, label: MODELS[model].label }));

interface ModelSwitchProps {
  model: Model;
  onChange: (model: Model) => void;
}

/** Chooses the attribution model, and says in a sentence what it does. */
export function ModelSwitch({ model, onChange }: ModelSwitchProps) {
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const help = useId();
  const choose = (value: string) => {
    if (isModel(value)) onChange(value);
  };
  return (
    <div className={classes.switch}>
      {isNarrow ? (
        <NativeSelect
          aria-label="Attribution model"
          aria-describedby={help}
          data={OPTIONS}
          value={model}
          onChange={(event) => choose(event.currentTarget.value)}
        />
      ) : (
        <SegmentedControl
          aria-label="Attribution model"
          aria-describedby={help}
          data={OPTIONS}
          value={model}
          onChange={choose}
          size="xs"
        />
      )}
      <Text id={help} size="sm" c="dimmed" aria-live="polite">
        {MODELS[model].help}
      </Text>
    </div>
  );
}
