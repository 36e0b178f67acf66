// Makes a page fit to be kept: its form stays, what it says about people goes. Returns its source.
// arguments[0]: the words that may stay wherever they are; the portal's own, never a name.
const known = new Set(arguments[0]);
const LABELS = 'button, label, legend, a, option, [role=option], mat-option';
const SPOKEN = new Set(['alt', 'title', 'aria-label', 'placeholder', 'value']);
const KEPT = new Set(['id', 'class', 'name', 'type', 'for', 'role', 'style', 'disabled', 'hidden', 'checked', 'selected',
  'colspan', 'rowspan', 'width', 'height', 'border', 'align']);
const BUTTONS = new Set(['submit', 'button', 'image', 'reset']);
const shape = text => text.replace(/\p{L}/gu, 'a').replace(/\p{N}/gu, '9');
const masked = text => text.replace(/[\p{L}\p{N}_'’]+/gu, word => known.has(word.toLowerCase()) ? word : shape(word));
const numberless = text => text.replace(/\d{5,}/g, shape);
const path = text => /^(https?:|\/|\.|[\w-]+(\/|\.|$))/.test(text) ? numberless(text.split(/[?#]/)[0]) : '';

function clean(element) {
  const label = element.matches(LABELS) && !element.closest('td');
  const button = element.localName === 'button' || BUTTONS.has(element.type);
  if ('value' in element && element.localName !== 'select' && element.localName !== 'option' && !button) {
    element.value = '';
    element.removeAttribute('value');
  }
  for (const {name, value} of [...element.attributes]) {
    if (name === 'src' || name === 'href' || name === 'action') element.setAttribute(name, path(value));
    else if (SPOKEN.has(name)) { if (!(button || label)) element.setAttribute(name, masked(value)); }
    else if (KEPT.has(name)) { if (/\d{5}/.test(value)) element.setAttribute(name, numberless(value)); }
    else element.removeAttribute(name);
  }
}

function mask(root) {
  for (const gone of root.querySelectorAll('script, noscript, template, object, embed, canvas, video, svg')) gone.remove();
  for (const element of root.querySelectorAll('*')) {
    if (element.shadowRoot) mask(element.shadowRoot);
    if (element.localName === 'iframe' || element.localName === 'frame') {
      if (element.contentDocument) mask(element.contentDocument);
      else { element.remove(); continue; }
    }
    clean(element);
  }
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_COMMENT), found = [];
  while (texts.nextNode()) found.push(texts.currentNode);
  for (const node of found) {
    if (node.nodeType === Node.COMMENT_NODE) { node.remove(); continue; }
    const around = node.parentElement;
    if (around && around.localName === 'style') continue;
    const label = around && around.closest(LABELS);
    if (!label || label.closest('td')) node.data = masked(node.data);
  }
}

mask(document);
return document.documentElement.outerHTML;
