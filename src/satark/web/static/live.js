// The live page beyond what htmx does by itself: pausing, a bounded list, and saying when the connection is gone.
(function () {
  "use strict";
  var live = document.getElementById("live");
  var rows = document.getElementById("rows");
  var pause = document.getElementById("pause");
  var missedLabel = document.getElementById("missed");
  var pausedLabel = document.getElementById("paused");
  var state = document.getElementById("state");
  var lost = document.getElementById("lost");
  var empty = document.getElementById("empty");
  if (!live || !rows || !pause) { return; }
  var most = Number(rows.dataset.most) || 100;
  var paused = false;
  var missed = 0;
  var broke = false;
  var older = false;

  function show() {
    pause.setAttribute("aria-pressed", String(paused));
    pausedLabel.hidden = !paused || broke;
    state.hidden = paused || broke;
    lost.hidden = !broke;
    missedLabel.textContent = missed > 0 ? "(" + (missed > 999 ? "999+" : missed) + ")" : "";
    empty.hidden = rows.querySelector(".row") !== null;
  }

  function refresh() {
    older = false;
    window.htmx.ajax("GET", live.dataset.rows, { target: "#rows", swap: "innerHTML" }).then(show);
  }

  pause.hidden = false;
  pause.addEventListener("click", function () {
    paused = !paused;
    if (!paused && missed > 0) {
      missed = 0;
      refresh();
    }
    show();
  });

  // Someone who reads older ones must not have the list cut under their eyes.
  rows.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.closest && event.target.closest(".more")) { older = true; }
  });

  rows.addEventListener("htmx:sseBeforeMessage", function (event) {
    if (paused) {
      missed += (event.detail.data.match(/<li class="row/g) || []).length;
      event.preventDefault();
      show();
    }
  });

  rows.addEventListener("htmx:sseMessage", function () {
    if (!older) {
      var all = rows.querySelectorAll(".row");
      for (var place = all.length - 1; place >= most; place -= 1) { all[place].remove(); }
      var more = rows.querySelector(".more button");
      var last = rows.querySelectorAll(".row");
      if (more && last.length >= most) {
        var before = last[last.length - 1].id.slice(1);
        more.setAttribute("hx-get", more.getAttribute("hx-get").replace(/before=\d+/, "before=" + before));
      }
    }
    show();
  });

  live.addEventListener("htmx:sseError", function () {
    broke = true;
    show();
  });

  live.addEventListener("htmx:sseOpen", function () {
    if (broke) {
      broke = false;
      if (!paused) { refresh(); }
    }
    show();
  });

  // The session ended or the server is restarting: wait until it answers, then ask for the page again.
  function comeBack() {
    fetch("/health/live", { cache: "no-store" }).then(function (answer) {
      if (!answer.ok) { throw new Error("not yet"); }
      window.location.reload();
    }).catch(function () { window.setTimeout(comeBack, 2000); });
  }
  live.addEventListener("htmx:sseClose", function (event) {
    if (event.detail && event.detail.type === "message") {
      broke = true;
      show();
      window.setTimeout(comeBack, 1000);
    }
  });

  show();
})();
