// Passkeys: asks our server what to ask the authenticator, asks it, and brings the answer back.
// Elements with data-passkey="get" (log in) or "create" (register) have their place from the start, so that nothing moves
// when they appear; where the browser knows no passkeys they go.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => {
    if (buffer === null || buffer === undefined) return undefined;
    let signs = "";
    for (const byte of new Uint8Array(buffer)) signs += String.fromCharCode(byte);
    return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const listed = (list) => (list || []).map((item) => ({ ...item, id: bytes(item.id) }));

  const call = async (box, address, body) => {
    const answer = await fetch(address, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", "x-csrf-token": box.dataset.csrf },
      body: JSON.stringify(body),
    });
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error("refused"), { problem: found.problem || "stale" });
    return found;
  };

  const get = async (options) => {
    const found = await navigator.credentials.get({
      publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) },
    });
    const said = found.response;
    return {
      id: found.id,
      rawId: text(found.rawId),
      type: found.type,
      response: {
        clientDataJSON: text(said.clientDataJSON),
        authenticatorData: text(said.authenticatorData),
        signature: text(said.signature),
        userHandle: text(said.userHandle),
      },
    };
  };

  const create = async (options) => {
    const found = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: listed(options.excludeCredentials),
      },
    });
    return {
      id: found.id,
      rawId: text(found.rawId),
      type: found.type,
      response: {
        clientDataJSON: text(found.response.clientDataJSON),
        attestationObject: text(found.response.attestationObject),
      },
    };
  };

  const say = (box, problem) => {
    for (const line of box.querySelectorAll("[data-problem]")) line.hidden = line.dataset.problem !== problem;
  };

  const run = async (box) => {
    say(box, "");
    const name = box.querySelector("input[name=name]");
    try {
      const options = await call(box, box.dataset.options, {});
      let credential;
      try {
        credential = box.dataset.passkey === "get" ? await get(options) : await create(options);
      } catch (error) {
        throw Object.assign(error, { problem: error.name === "InvalidStateError" ? "known" : "given-up" });
      }
      const body = name ? { ...credential, name: name.value } : credential;
      const answer = await call(box, box.dataset.answer, body);
      location.assign(answer.to);
    } catch (error) {
      say(box, error.problem || "given-up");
    }
  };

  const start = () => {
    const known = Boolean(window.PublicKeyCredential && navigator.credentials);
    for (const box of document.querySelectorAll("[data-passkey]")) {
      box.classList.remove("waiting");
      box.hidden = !known;
      const button = box.querySelector("button");
      button.addEventListener("click", async () => {
        button.disabled = true;
        await run(box);
        button.disabled = false;
      });
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
