// The queue beyond plain forms: the list refreshes by itself without losing what is chosen, and rows go by key.
(function () {
  "use strict";
  var board = document.getElementById("board");
  var bulk = document.getElementById("bulk");
  var chosenLabel = document.getElementById("n-chosen");
  if (!board || !bulk) { return; }
  var every = 5000;
  bulk.classList.add("scripted");

  function boxes() { return Array.prototype.slice.call(board.querySelectorAll("input[name='case']")); }

  function count() {
    var chosen = boxes().filter(function (box) { return box.checked; }).length;
    if (chosenLabel) { chosenLabel.textContent = chosen > 0 ? "(" + chosen + ")" : ""; }
    bulk.classList.toggle("choosing", chosen > 0);
  }

  board.addEventListener("change", count);

  // A click with Shift chooses all between the last and this.
  var last = null;
  board.addEventListener("click", function (event) {
    var box = event.target;
    if (!box.matches || !box.matches("input[name='case']")) { return; }
    if (event.shiftKey && last) {
      var all = boxes();
      var from = all.findIndex(function (one) { return one.value === last; });
      var to = all.indexOf(box);
      if (from >= 0) {
        all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(function (one) { one.checked = box.checked; });
      }
    }
    last = box.value;
    count();
  });

  var chosen = {};
  board.addEventListener("htmx:beforeSwap", function () {
    chosen = {};
    boxes().forEach(function (box) { if (box.checked) { chosen[box.value] = true; } });
  });
  board.addEventListener("htmx:afterSwap", function () {
    boxes().forEach(function (box) { if (chosen[box.value]) { box.checked = true; } });
    count();
  });

  function refresh() {
    if (document.hidden || !window.htmx) { return; }
    window.htmx.ajax("GET", board.dataset.rows, { target: "#board", swap: "innerHTML" });
  }
  if (board.dataset.rows) {
    window.setInterval(refresh, every);
    document.addEventListener("visibilitychange", refresh);
  }

  // j and k go through the rows, x chooses; `keys.js` lists them.
  document.addEventListener("satark:row", function (event) {
    var links = Array.prototype.slice.call(board.querySelectorAll(".number"));
    if (links.length === 0) { return; }
    var row = document.activeElement && document.activeElement.closest ? document.activeElement.closest(".case-row") : null;
    var at = row ? links.indexOf(row.querySelector(".number")) : -1;
    if (event.detail === "tick") {
      var box = row && row.querySelector("input[name='case']");
      if (box) { box.checked = !box.checked; count(); }
      return;
    }
    var next = at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + (event.detail === "next" ? 1 : -1)));
    links[next].focus();
  });

  count();
})();
