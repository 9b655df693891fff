// The case page beyond plain forms: it shows others that somebody has the case open, renews that while it is open, and
// says when the case changed meanwhile.
(function () {
  "use strict";
  var page = document.getElementById("case");
  var place = document.getElementById("lock");
  var changed = document.getElementById("changed");
  if (!page || !place || !page.dataset.lock) { return; }
  var mine = false;
  var sending = false;
  var every = Math.max(15, Number(page.dataset.seconds) / 3) * 1000;

  function renew() {
    if (document.hidden && !mine) { return; }
    fetch(page.dataset.lock, {
      method: "POST",
      headers: { "x-csrf-token": page.dataset.csrf, "content-type": "application/x-www-form-urlencoded" },
      body: "",
      cache: "no-store"
    }).then(function (answer) {
      if (answer.redirected || answer.status === 401) { window.location.reload(); return ""; }
      return answer.ok ? answer.text() : "";
    }).then(function (html) {
      if (!html) { return; }
      place.innerHTML = html;
      var state = place.querySelector(".lock-state");
      mine = state !== null && state.classList.contains("own");
      if (state && changed && Number(state.dataset.changed) > Number(page.dataset.changed)) { changed.hidden = false; }
    }).catch(function () { /* The next one tries again. */ });
  }

  // A form of this page keeps the case; going elsewhere gives it back.
  document.addEventListener("submit", function () { sending = true; });
  window.addEventListener("pagehide", function () {
    if (!mine || sending) { return; }
    navigator.sendBeacon(page.dataset.unlock, new URLSearchParams({ csrf: page.dataset.csrf }));
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { sending = false; renew(); }
  });

  renew();
  window.setInterval(renew, every);
})();
