// A key that came with the address of the sample page goes along to the operators' page, and out of the address.

const KEPT = 'leadpost.key';
const given = new URLSearchParams(location.hash.slice(1)).get('key');
if (given) {
  history.replaceState(null, '', location.pathname + location.search);
  sessionStorage.setItem(KEPT, given);
}
const key = sessionStorage.getItem(KEPT);
if (key) {
  for (const link of document.querySelectorAll('a.operator')) link.href = '/operator#key=' + encodeURIComponent(key);
}
