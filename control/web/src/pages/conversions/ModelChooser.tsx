import { Code, Text } from '@mantine/core';
import type { Explanation, Model } from '#/api/types';
import { ModelSwitch } from '#/pages/overview/ModelSwitch';
import classes from './ModelChooser.module.css';

interface ModelChooserProps {
  conversion: Explanation;
  model: Model;
  onChange: (model: Model) => void;
}

/** The chosen model with its formula and what it is set to. */
export function ModelChooser({ conversion, model, onChange }: ModelChooserProps) {
  const explained = conversion.models.find((candidate) => candidate.model === model);
  const parameters = Object.entries(explained?.parameters ?? {});
  return (
    <>
      <ModelSwitch model={model} onChange={onChange} />
      {explained && conversion.touches.length > 0 && (
        <div className={classes.formula}>
          <Text span size="xs" c="dimmed" fw={600}>
            How it weighs
          </Text>
          <Text size="sm">
            {explained.formula}
            {parameters.map(([name, value]) => (
              <Code key={name} ml={6}>
                {name.replaceAll('_', ' ')} = {String(value)}
              </Code>
            ))}
          </Text>
        </div>
      )}
    </>
  );
}
