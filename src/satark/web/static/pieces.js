// Pieces of a page that say what time does to them: each is asked for again every half minute while somebody looks.
(function () {
  "use strict";
  var every = 30000;

  function refresh() {
    if (document.hidden) { return; }
    document.querySelectorAll("[data-piece]").forEach(function (place) {
      fetch(place.dataset.piece, { cache: "no-store", headers: { "hx-request": "true" } }).then(function (answer) {
        return answer.ok && !answer.redirected ? answer.text() : null;
      }).then(function (html) {
        // What has not changed is left alone, so that a screen reader does not read it again.
        if (html !== null && html.trim() !== place.dataset.last) {
          place.dataset.last = html.trim();
          place.innerHTML = html;
        }
      }).catch(function () { /* The next one tries again. */ });
    });
  }

  window.setInterval(refresh, every);
  document.addEventListener("visibilitychange", refresh);
})();
