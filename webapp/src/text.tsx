// What we say, in the user's language: the host looks the texts up by id.

import React from 'react';
import { FormattedMessage } from 'react-intl';
import de from '../i18n/de.json';
import en from '../i18n/en.json';

export type TextId = keyof typeof en;

const languages = new Map<string, Record<string, string>>([['en', en], ['de', de]]);

// Unknown languages get English.
export function translationsFor(locale: string): Record<string, string> {
  return languages.get(locale.split('-')[0]) ?? en;
}

type Values = Record<string, string | number>;

// For useIntl().formatMessage.
export const descriptor = (id: TextId) => ({ id, defaultMessage: en[id] });

// The host wants such an element itself where it takes a name from it.
export const text = (id: TextId, values?: Values) => <FormattedMessage {...descriptor(id)} values={values} />;
