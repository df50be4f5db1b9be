'use strict';

// As the developers' guide says: calls are kept until the snippet is there.
window.clicktrail = window.clicktrail || function () { (clicktrail.q = clicktrail.q || []).push(arguments); };

// The shop remembers a refusal; the snippet has to be told on each page.
const REFUSED = 'tracking=refused';
const isRefused = () => document.cookie.split('; ').includes(REFUSED);
if (isRefused()) clicktrail('consent', 'denied');

function report(said) {
  const { event, identify } = JSON.parse(said);
  if (Object.keys(identify).length) clicktrail('identify', identify);
  clicktrail('event', event[0], event[1]);
}

function showIds() {
  clicktrail('ids', (ids) => {
    for (const [name, id] of [['click', ids.click_id], ['visitor', ids.visitor_id]]) {
      document.getElementById(`held-${name}`).textContent = id || 'none';
      const field = document.querySelector(`input[name=${name}_id]`);
      if (field) field.value = id;
    }
  });
}

function offerConsent(button) {
  button.hidden = false;
  button.textContent = isRefused() ? 'Allow tracking' : 'Refuse tracking';
  button.onclick = () => {
    const isAllowed = isRefused();
    document.cookie = `${REFUSED}; path=/; samesite=lax; max-age=${isAllowed ? 0 : 31536000}`;
    clicktrail('consent', isAllowed ? 'granted' : 'denied');
    offerConsent(button);
    showIds();
  };
}

document.addEventListener('DOMContentLoaded', () => {
  const said = document.querySelector('main').dataset.report;
  if (said) report(said);
  offerConsent(document.getElementById('consent'));
  showIds();
});
