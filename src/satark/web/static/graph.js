// The graph of what shares events with what: drawn as SVG from bounded answers of the server, the same again as a list.
// Everything can be done by keyboard; text reaches the page as text alone, never as markup.
(function () {
  "use strict";
  var root = document.getElementById("graph");
  if (!root) { return; }
  var SVG = "http://www.w3.org/2000/svg";
  var MOST_DRAWN = 300;
  var MOST_KNOWN = 2000;
  var MOST_ROWS = 500;
  var SPRING = 95;
  var say = root.dataset;
  var sheet = part("sheet"), view = part("view"), edgeLayer = part("edges"), nodeLayer = part("nodes");
  var state = part("state"), tools = part("tools"), wayForm = part("way"), rows = part("rows"), chosenBox = part("chosen");
  var fromList = document.getElementById("graph-from"), toList = document.getElementById("graph-to");
  var list = root.querySelector(".graph-list");
  var calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  var figures = new Intl.NumberFormat("en-IN");
  var nodes = new Map(), edges = new Map();
  var chosen = null, alpha = 0, running = false, byHand = false;
  var width = 800, height = 480, scale = 1, left = 0, top = 0;

  function part(name) { return root.querySelector("[data-graph-" + name + "]"); }
  function svg(name, attributes) {
    var made = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    return made;
  }
  function tell(text) { state.textContent = text; }
  function keyOf(a, b) { return a < b ? a + " " + b : b + " " + a; }
  function titled(node) { return node.kindName + " " + node.label; }

  // ---- what is known ------------------------------------------------------------------------------------------

  function take(data, origin) {
    var fresh = 0, full = false;
    data.nodes.forEach(function (one) {
      var node = nodes.get(one.id);
      if (!node) {
        if (nodes.size >= MOST_KNOWN) { full = true; return; }
        var turn = 2.399963 * nodes.size, far = origin ? 40 + 5 * fresh : 14 * Math.sqrt(nodes.size + 1);
        node = { id: one.id, kind: one.kind, kindName: one.kindName, label: one.label, near: new Set(), vx: 0, vy: 0 };
        node.x = (origin ? origin.x : 0) + far * Math.cos(turn);
        node.y = (origin ? origin.y : 0) + far * Math.sin(turn);
        node.drawn = nodes.size < MOST_DRAWN;
        full = full || !node.drawn;
        nodes.set(one.id, node);
        fresh += 1;
      }
      ["events", "alerts", "more"].forEach(function (name) { if (one[name] !== undefined) { node[name] = one[name]; } });
      if (one.expanded) { node.expanded = true; }
    });
    data.edges.forEach(function (one) {
      var a = nodes.get(one.a), b = nodes.get(one.b);
      if (!a || !b || a === b) { return; }
      var key = keyOf(a.id, b.id), edge = edges.get(key);
      if (!edge) {
        edge = { a: a, b: b, events: 0, fraud: 0, drawn: a.drawn && b.drawn };
        edges.set(key, edge);
        a.near.add(b);
        b.near.add(a);
      }
      edge.events = Math.max(edge.events, one.events);
      edge.fraud = Math.max(edge.fraud, one.fraud);
      if (edge.fraud > 0 && one.b === b.id) { b.bad = true; }
    });
    draw();
    fillLists();
    if (list.open) { fillRows(); }
    warm();
    return full;
  }

  function facts(node) {
    var told = [];
    if (node.alerts) { told.push(figures.format(node.alerts) + " " + say.alerts); }
    if (node.pinned) { told.push(say.pinned); }
    if (node.expanded) { told.push(say.expanded); }
    if (node.more) { told.push(figures.format(node.more) + " " + say.more); }
    return told.join(", ");
  }

  function shared(one, other) {
    var edge = edges.get(keyOf(one.id, other.id)), told = [];
    if (edge && edge.events) { told.push(figures.format(edge.events) + " " + say.events); }
    if (edge && edge.fraud) { told.push(figures.format(edge.fraud) + " " + say.fraud); }
    return told.join(", ");
  }

  // ---- drawing ------------------------------------------------------------------------------------------------

  function draw() {
    var thin = edges.size > 150 ? 0.45 : 1;
    edgeLayer.classList.toggle("dense", edges.size > 150);
    edges.forEach(function (edge) {
      if (edge.drawn && !edge.line) {
        edge.line = svg("line", { "class": "edge" });
        edgeLayer.appendChild(edge.line);
      }
      if (edge.line) {
        edge.line.setAttribute("class", "edge" + (edge.fraud ? " bad" : "") + (edge.on ? " on" : ""));
        edge.line.setAttribute("stroke-width", String(edge.on ? 5 : thin * (1.2 + Math.min(5, Math.log(1 + edge.events)))));
      }
    });
    nodes.forEach(function (node) {
      if (node.drawn && !node.mark) { mark(node); }
      if (node.mark) {
        node.mark.setAttribute("class", "node" + (node.bad ? " bad" : "") + (node.expanded ? " whole" : "") +
          (node.pinned ? " pinned" : "") + (node.on ? " on" : "") + (node === chosen ? " chosen" : ""));
        var more = facts(node);
        node.mark.setAttribute("aria-label", titled(node) + (more ? ", " + more : ""));
      }
    });
    if (!root.querySelector('.node[tabindex="0"]') && nodes.size) { reach(nodes.values().next().value); }
  }

  function mark(node) {
    var group = svg("g", { "class": "node", role: "button", tabindex: "-1" });
    var text = svg("text", { y: "32" });
    text.textContent = node.label.length > 20 ? node.label.slice(0, 19) + "…" : node.label;
    group.appendChild(svg("circle", { "class": "disc", r: "17" }));
    group.appendChild(svg("use", { href: "#k-" + node.kind, x: "-9", y: "-9", width: "18", height: "18" }));
    group.appendChild(text);
    group.addEventListener("pointerdown", function (event) { grab(event, node); });
    group.addEventListener("dblclick", function () { expand(node); });
    group.addEventListener("focus", function () { choose(node); });
    group.addEventListener("keydown", function (event) { key(event, node); });
    node.mark = group;
    nodeLayer.appendChild(group);
  }

  // Things keep their size while the drawing is made larger or smaller, so that their labels can be read.
  function place() {
    if (!byHand) { fit(); }
    var size = Math.max(0.6, Math.min(1, scale * (width < 600 ? 1.6 : 1.2)));
    edges.forEach(function (edge) {
      if (!edge.line) { return; }
      edge.line.setAttribute("x1", (left + scale * edge.a.x).toFixed(1));
      edge.line.setAttribute("y1", (top + scale * edge.a.y).toFixed(1));
      edge.line.setAttribute("x2", (left + scale * edge.b.x).toFixed(1));
      edge.line.setAttribute("y2", (top + scale * edge.b.y).toFixed(1));
    });
    nodes.forEach(function (node) {
      if (!node.mark) { return; }
      var x = (left + scale * node.x).toFixed(1), y = (top + scale * node.y).toFixed(1);
      node.mark.setAttribute("transform", "translate(" + x + " " + y + ") scale(" + size.toFixed(2) + ")");
    });
    view.classList.toggle("small", size < 0.8);
  }

  function fit() {
    var x1 = Infinity, y1 = Infinity, x2 = -Infinity, y2 = -Infinity;
    nodes.forEach(function (node) {
      if (!node.drawn) { return; }
      x1 = Math.min(x1, node.x); x2 = Math.max(x2, node.x);
      y1 = Math.min(y1, node.y); y2 = Math.max(y2, node.y);
    });
    if (x1 > x2) { return; }
    scale = Math.min(1.4, (width - 130) / Math.max(1, x2 - x1), (height - 110) / Math.max(1, y2 - y1));
    left = width / 2 - scale * (x1 + x2) / 2;
    top = height / 2 - scale * (y1 + y2) / 2 - 8;
  }

  function zoom(factor, x, y) {
    byHand = true;
    var wanted = Math.max(0.08, Math.min(4, scale * factor));
    left = x - (x - left) * wanted / scale;
    top = y - (y - top) * wanted / scale;
    scale = wanted;
    place();
  }

  // ---- where things lie: pushes and springs, until they rest ------------------------------------------------------

  function step() {
    var all = [], i, j;
    nodes.forEach(function (node) { if (node.drawn) { all.push(node); } });
    for (i = 0; i < all.length; i += 1) {
      var one = all[i];
      one.vx -= one.x * 0.007 * alpha;
      one.vy -= one.y * 0.024 * alpha;
      for (j = i + 1; j < all.length; j += 1) {
        var other = all[j], dx = one.x - other.x, dy = one.y - other.y, square = dx * dx + dy * dy;
        if (square > 160000) { continue; }
        if (square < 1) { dx = 0.5 - (i % 2); dy = 0.3; square = 1; }
        var push = alpha * 2600 / square;
        one.vx += dx * push; one.vy += dy * push;
        other.vx -= dx * push; other.vy -= dy * push;
      }
    }
    edges.forEach(function (edge) {
      if (!edge.drawn) { return; }
      var dx = edge.b.x - edge.a.x, dy = edge.b.y - edge.a.y, far = Math.sqrt(dx * dx + dy * dy) || 1;
      var pull = alpha * 0.16 * (far - SPRING) / far / Math.sqrt(Math.max(1, Math.min(edge.a.near.size, edge.b.near.size)));
      edge.a.vx += dx * pull; edge.a.vy += dy * pull;
      edge.b.vx -= dx * pull; edge.b.vy -= dy * pull;
    });
    all.forEach(function (node) {
      var fast = Math.sqrt(node.vx * node.vx + node.vy * node.vy), slow = fast > 40 ? 40 / fast : 1;
      if (!node.pinned && !node.held) { node.x += node.vx * slow; node.y += node.vy * slow; }
      node.vx *= 0.6; node.vy *= 0.6;
    });
    alpha *= 0.975;
  }

  function warm() {
    alpha = 1;
    if (calm || nodes.size > 120) {
      for (var turn = 0; turn < 140; turn += 1) { step(); }
      alpha = 0;
      place();
      return;
    }
    if (!running) { running = true; window.requestAnimationFrame(frame); }
  }

  function frame() {
    step(); step();
    place();
    running = alpha > 0.02;
    if (running) { window.requestAnimationFrame(frame); }
  }

  // ---- choosing, expanding, pinning -------------------------------------------------------------------------------

  function reach(node) {
    var before = root.querySelector('.node[tabindex="0"]');
    if (before) { before.setAttribute("tabindex", "-1"); }
    if (node.mark) { node.mark.setAttribute("tabindex", "0"); }
  }

  function choose(node) {
    chosen = node;
    reach(node);
    draw();
    chosenBox.hidden = false;
    root.querySelector("[data-chosen-kind]").textContent = node.kindName;
    root.querySelector("[data-chosen-label]").textContent = node.label;
    root.querySelector("[data-chosen-facts]").textContent = facts(node);
    root.querySelector("[data-chosen-open]").setAttribute("href", "/entities/" + node.id);
    var pin = root.querySelector('[data-do="pin"]');
    pin.setAttribute("aria-pressed", String(Boolean(node.pinned)));
    pin.textContent = node.pinned ? say.unpin : say.pin;
    root.querySelector('[data-do="expand"]').disabled = Boolean(node.expanded);
    if (toList.dataset.touched !== "yes" && fromList.value !== node.id) { toList.value = node.id; }
  }

  function togglePin(node) {
    node.pinned = !node.pinned;
    choose(node);
  }

  function expand(node) {
    if (node.expanded || node.asked) { return; }
    node.asked = true;
    ask("/graph/around/" + node.id, function (data) {
      var known = nodes.size, full = take(data, node);
      tell(full ? say.full : nodes.size === known ? facts(node) || say.nothing : titled(node) + ": +" + figures.format(nodes.size - known));
      if (chosen === node) { choose(node); }
    }, function () { node.asked = false; });
  }

  function ask(address, done, failed) {
    tell(say.loading);
    window.fetch(address, { headers: { accept: "application/json" }, credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) { throw new Error("refused"); }
      return answer.json();
    }).then(done).catch(function () {
      tell(say.failed);
      if (failed) { failed(); }
    });
  }

  function key(event, node) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    var ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    var way = ways[event.key], name = event.key.toLowerCase();
    if (way) {
      var next = beside(node, way);
      if (next) { next.mark.focus(); }
    } else if (event.key === "Enter" || event.key === " ") {
      expand(node);
    } else if (name === "p") {
      togglePin(node);
    } else if (name === "o") {
      window.location.assign("/entities/" + node.id);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  function beside(node, way) {
    var best = null, least = Infinity;
    nodes.forEach(function (other) {
      if (other === node || !other.mark) { return; }
      var dx = other.x - node.x, dy = other.y - node.y;
      var along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (along > 0 && aside <= 2.5 * along && along + 2 * aside < least) { best = other; least = along + 2 * aside; }
    });
    return best;
  }

  // ---- pointers ---------------------------------------------------------------------------------------------------

  function where(event) {
    var box = sheet.getBoundingClientRect();
    return { x: (event.clientX - box.left) * width / box.width, y: (event.clientY - box.top) * height / box.height };
  }

  function grab(event, node) {
    if (event.button) { return; }
    event.stopPropagation();
    var start = where(event), moved = false;
    follow(event, node.mark, function (at) {
      if (!moved && Math.abs(at.x - start.x) + Math.abs(at.y - start.y) < 5) { return; }
      moved = true;
      node.held = true;
      byHand = true;
      node.x = (at.x - left) / scale;
      node.y = (at.y - top) / scale;
      place();
    }, function () {
      node.held = false;
      if (moved) { node.pinned = true; }
      choose(node);
    });
    node.mark.focus({ preventScroll: true });
  }

  function follow(event, target, moved, done) {
    target.setPointerCapture(event.pointerId);
    function move(next) { moved(where(next)); }
    function end() {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
      done();
    }
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
  }

  sheet.addEventListener("pointerdown", function (event) {
    if (event.button || event.pointerType === "touch") { return; }
    var last = where(event);
    follow(event, sheet, function (at) {
      byHand = true;
      left += at.x - last.x;
      top += at.y - last.y;
      last = at;
      place();
    }, function () {});
  });
  sheet.addEventListener("wheel", function (event) {
    if (!event.ctrlKey) { return; }
    event.preventDefault();
    var at = where(event);
    zoom(event.deltaY < 0 ? 1.15 : 0.87, at.x, at.y);
  }, { passive: false });

  root.addEventListener("click", function (event) {
    var button = event.target.closest("[data-do]");
    if (!button) { return; }
    var what = button.dataset["do"];
    if (what === "in") { zoom(1.3, width / 2, height / 2); }
    if (what === "out") { zoom(1 / 1.3, width / 2, height / 2); }
    if (what === "fit") { byHand = false; place(); }
    if (what === "expand" && chosen) { expand(chosen); }
    if (what === "pin" && chosen) { togglePin(chosen); }
    if (what === "row" && nodes.has(button.dataset.node)) { expand(nodes.get(button.dataset.node)); }
  });

  // ---- lists ------------------------------------------------------------------------------------------------------

  function fillLists() {
    [fromList, toList].forEach(function (one, number) {
      var value = one.value, known = new Set();
      Array.prototype.forEach.call(one.options, function (option) { known.add(option.value); });
      nodes.forEach(function (node) {
        if (known.has(node.id) || one.options.length >= MOST_ROWS) { return; }
        var option = document.createElement("option");
        option.value = node.id;
        option.textContent = titled(node);
        one.appendChild(option);
      });
      if (value) { one.value = value; } else if (number && one.options.length > 1) { one.selectedIndex = 1; }
    });
  }

  function fillRows() {
    rows.textContent = "";
    var made = 0;
    nodes.forEach(function (node) {
      made += 1;
      if (made > MOST_ROWS) { return; }
      var row = document.createElement("tr"), what = row.insertCell(), others = row.insertCell(), act = row.insertCell();
      var link = document.createElement("a");
      link.href = "/entities/" + node.id;
      link.textContent = titled(node);
      what.appendChild(link);
      others.className = "with";
      var named = [];
      node.near.forEach(function (other) {
        if (named.length < 6) { named.push(titled(other) + (shared(node, other) ? " (" + shared(node, other) + ")" : "")); }
      });
      others.textContent = named.join("; ") + (node.near.size > named.length ? "; +" + figures.format(node.near.size - named.length) : "");
      if (!node.expanded) {
        var button = document.createElement("button");
        button.type = "button";
        button.className = "plain";
        button.dataset["do"] = "row";
        button.dataset.node = node.id;
        button.textContent = root.querySelector('[data-do="expand"]').textContent;
        button.setAttribute("aria-label", button.textContent + ": " + titled(node));
        act.appendChild(button);
      }
      rows.appendChild(row);
    });
  }
  list.addEventListener("toggle", function () { if (list.open) { fillRows(); } });

  [fromList, toList].forEach(function (one) {
    one.addEventListener("change", function () { one.dataset.touched = "yes"; });
  });
  wayForm.addEventListener("submit", function (event) {
    event.preventDefault();
    var a = fromList.value, b = toList.value;
    if (!a || !b || a === b) { tell(say.choose); return; }
    ask("/graph/way/" + a + "/" + b, function (data) {
      nodes.forEach(function (node) { node.on = false; });
      edges.forEach(function (edge) { edge.on = false; });
      if (!data.found) {
        draw();
        tell(say.noWay);
        return;
      }
      take(data, nodes.get(a));
      data.way.forEach(function (id, number) {
        var node = nodes.get(id), edge = number ? edges.get(keyOf(data.way[number - 1], id)) : null;
        if (node) { node.on = true; }
        if (edge) { edge.on = true; }
      });
      draw();
      tell(say.way + " " + data.nodes.map(titled).join(" → "));
    });
  });

  // ---- begin ------------------------------------------------------------------------------------------------------

  if (sheet.getBoundingClientRect().width < 520) { width = 480; height = 480; }
  sheet.setAttribute("viewBox", "0 0 " + width + " " + height);
  ask(say.url, function (data) {
    tools.hidden = false;
    wayForm.hidden = data.nodes.length < 2;
    var full = take(data, null);
    wayForm.hidden = nodes.size < 2;
    tell(full ? say.full : data.left_out ? figures.format(data.left_out) + " " + say.leftOut : edges.size ? "" : say.nothing);
    root.dataset.ready = "yes";
  });
})();
