import { Accordion, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Link } from '#/api/types';
import { formatCount } from '#/lib/numbers';
import { AdvancedFields } from './AdvancedFields';
import { ClosingFields } from './ClosingFields';
import type { LinkForm } from './LinkDialog';
import classes from './LinkSections.module.css';
import type { LinkFormValues, Section } from './linkForm';
import { PasswordField } from './PasswordField';
import { PreviewFields } from './PreviewFields';
import { RulesFields } from './RulesFields';
import { rulesWord } from './rulesForm';

interface LinkSectionsProps {
  form: LinkForm;
  link: Link | null;
  open: Section[];
  onOpen: (sections: Section[]) => void;
}

/** What most links need nothing of: one closed line for each subject, which says what is set. */
export function LinkSections({ form, link, open, onOpen }: LinkSectionsProps) {
  const { values } = form;
  return (
    <Accordion
      multiple
      order={3}
      value={open}
      onChange={(sections) => onOpen(sections as Section[])}
      classNames={classes as Record<string, string>}
    >
      <SectionItem value="rules" title="A/B test and rules" state={rulesWord(values.rules)}>
        <RulesFields form={form} />
      </SectionItem>
      <SectionItem value="closing" title="Expiry and click limit" state={closingWord(values)}>
        <ClosingFields form={form} link={link} />
      </SectionItem>
      <SectionItem value="password" title="Password" state={values.password === '' ? '' : 'Asked for'}>
        <PasswordField form={form} link={link} />
      </SectionItem>
      <SectionItem
        value="preview"
        title="Link preview"
        state={values.preview.title || values.preview.image ? 'Set' : ''}
      >
        <PreviewFields form={form} />
      </SectionItem>
      <SectionItem value="advanced" title="Advanced" state={values.honeypot ? 'Honeypot' : ''}>
        <AdvancedFields form={form} link={link} />
      </SectionItem>
    </Accordion>
  );
}

interface SectionItemProps {
  value: Section;
  title: string;
  /** What is set, in a word or two; '' for nothing. */
  state: string;
  children: ReactNode;
}

function SectionItem({ value, title, state, children }: SectionItemProps) {
  return (
    <Accordion.Item value={value}>
      <Accordion.Control>
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <span className="nowrap">{title}</span>
          <Text span size="xs" c="dimmed" className="truncate">
            {state}
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>{children}</Accordion.Panel>
    </Accordion.Item>
  );
}

function closingWord({ expires_at, click_limit }: LinkFormValues): string {
  const limit = Number(click_limit);
  return [expires_at && 'Expires', limit > 0 && `${formatCount(limit)} clicks`].filter(Boolean).join(' · ');
}
