// What plugins find on the window: the host's own libraries, of which there is
// one copy only. Nothing else may be imported before this.

import PropTypes from 'prop-types';
import * as React from 'react';
import * as ReactDOM from 'react-dom';
import * as ReactIntl from 'react-intl';
import * as ReactRedux from 'react-redux';
import * as Redux from 'redux';
import { formatText, messageHtmlToComponent } from './markdown';

declare global {
  interface Window {
    publicPath?: string; // set by the server where SiteURL has a path
    basename: string;
    plugins: Record<string, object>;
    registerPlugin(id: string, plugin: object): void;
  }
}

window.basename = (window.publicPath ?? '/static/').replace(/\/static\/$/, '');
Object.assign(window, {
  plugins: {}, PropTypes, React, ReactDOM, ReactIntl, ReactRedux, Redux, PostUtils: { formatText, messageHtmlToComponent },
});
