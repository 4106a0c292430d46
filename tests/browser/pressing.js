/* Watches a page for `test_every_control.py`: which controls it has, whether it still waits for an answer, what it said.
   Loaded before the page's own scripts. */
window.pressing = (() => {
  const seen = { toasts: [], asked: 0, changed: 0, brought: new Set(), own: new Set(), timed: new Set() };
  const TICK_MS = 25; /* between two looks at whether something is open; it is over after two that found nothing */
  const waiting = new Set(), over = new Set(); /* an answer may come before the request's own receipt */
  const timers = () => new Set((window.gradio_config?.components ?? []).filter((c) => c.type === "timer").map((c) => c.id));

  /* The places that an event's answer fills, as numbers and as ids. */
  const outputs = (number) => window.gradio_config.dependencies.find((one) => one.id === number)?.outputs ?? [];
  const named = (id) => window.gradio_config.components.find((one) => one.id === id)?.props?.elem_id || `component-${id}`;

  /* Whether nobody's press asks for an event: a timer does, or the change of what a timer filled last. */
  const ticked = new Set();
  const byTimer = ({ fn_index, trigger_id }) => {
    const changes = window.gradio_config.dependencies.find((one) => one.id === fn_index)?.targets ?? [];
    const passedOn = ticked.has(trigger_id) && changes.some(([id, name]) => id === trigger_id && name === "change");
    return timers().has(trigger_id) || passedOn;
  };

  /* Requests that somebody's press asks for: one is over when its answer says so, on the stream or by itself. */
  const send = window.fetch;
  const follow = async (stream) => {
    const reader = stream.getReader(), decoder = new TextDecoder();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + decoder.decode(part.value, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines.filter((one) => one.startsWith("data:"))) {
        const said = JSON.parse(line.slice(5));
        if (said.msg === "process_completed") { over.add(said.event_id); waiting.delete(said.event_id); }
        if (said.msg === "close_stream") waiting.clear();
      }
    }
  };
  window.fetch = async (...request) => {
    const address = String(request[0] instanceof Request ? request[0].url : request[0]);
    const body = typeof request[1]?.body === "string" ? request[1].body : "";
    const event = body.includes("fn_index") ? JSON.parse(body) : null, own = event !== null && !byTimer(event);
    for (const id of event ? outputs(event.fn_index) : []) {
      (own ? seen.own : seen.timed).add(named(id));
      own ? ticked.delete(id) : ticked.add(id);
    }
    const mark = own ? Symbol(address) : null;
    if (own) { seen.asked += 1; waiting.add(mark); }
    try {
      const answer = await send(...request);
      if (address.includes("/queue/data")) follow(answer.clone().body).catch(() => {});
      if (own && address.includes("/queue/join") && answer.ok) {
        const { event_id } = await answer.clone().json();
        if (!over.has(event_id)) waiting.add(event_id);
      }
      return answer;
    } finally {
      waiting.delete(mark);
    }
  };

  const said = new Map();
  new MutationObserver((changes) => {
    for (const toast of document.querySelectorAll(".toast-body, #cai-error.cai-shown")) {
      const now = toast.innerText.replace(/\s+/g, " ").trim();
      if (now && said.get(toast) !== now) seen.toasts.push(now);
      said.set(toast, now);
    }
    const page = document.getElementById("tabs");
    if (page && changes.some((one) => one.attributeName !== "class" && page.contains(one.target))) seen.changed += 1;
  }).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });

  const panel = () => [...document.querySelectorAll("#tabs > [role=tabpanel]")].find((one) => one.checkVisibility());
  const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0 && element.closest("[inert]") === null;
  const home = (element) => element.closest("[id]:not([id^=range_id], [id^=html-])")?.id ?? "";
  const words = (element) => (element.getAttribute("aria-label") || element.innerText || element.title || "").replace(/\s+/g, " ").trim();
  const FOLD = ".label-wrap";

  const KINDS = [
    ["fold", FOLD], ["menu", "input[role=combobox]"], ["radio", "input[type=radio]"], ["box", "input[type=checkbox]"],
    ["slider", "input[type=range]"], ["number", "input[type=number]"], ["file", "input[type=file]"],
    ["text", "textarea, input[type=text], input:not([type])"],
    ["button", "button, [role=button], a[download]"],
  ];
  const kindOf = (element) => KINDS.find(([, selector]) => element.matches(selector))[0];
  /* Every control of the open tab: a group of radio buttons is one, named by its first. */
  const controls = () => {
    const found = new Map();
    for (const element of panel().querySelectorAll(KINDS.map(([, selector]) => selector).join(", "))) {
      const kind = kindOf(element), look = kind === "radio" || kind === "box" ? element.closest("label") ?? element : element;
      if (kind === "file" || !shown(look) || element.closest("[data-testid=status-tracker]")) continue;
      const place = home(element);
      let key = `${kind} ${place}`;
      if (kind === "radio") { if (found.has(key)) continue; }
      else if (kind === "box") key += ` ${look.innerText.trim()}`;
      else if (element.id !== place || kind === "fold") key += ` ${words(element)}`;
      const usable = !element.disabled && !element.readOnly || kind === "menu" && !element.disabled;
      for (let again = 2, name = key; found.has(key); again += 1) key = `${name} #${again}`;
      found.set(key, { key, kind, place, usable, once: element.matches(".once"), listed: element.closest(".html-container") !== null, lines: element.matches("textarea"), danger: element.matches(".danger") || /discard|trash|cancel|delete|unload/i.test(element.id), element });
    }
    return found;
  };

  /* Texts of fields, of groups of choices, of buttons and of HTML components that are on the page. */
  const texts = () => {
    const fields = [...panel().querySelectorAll("textarea, input")].filter((one) => !["radio", "checkbox", "file"].includes(one.type));
    const html = [...panel().querySelectorAll("fieldset, .html-container, .prose")];
    const buttons = [...panel().querySelectorAll("button[id]")];
    return [...fields.map((one) => [home(one), one.value, one]), ...[...html, ...buttons].map((one) => [home(one), one.innerText, one])];
  };

  /* Texts that are others than at the last look, and how far out of sight they stand: 0 in sight, else the pixels up to
     the edge of the window; null where nothing is to be seen of them at all. */
  const known = new Map();
  const away = (element) => {
    if (!shown(element)) return null;
    const { top, bottom, height } = element.getBoundingClientRect();
    return height === 0 ? null : Math.round(Math.max(0, -bottom, top - innerHeight));
  };
  let fresh = [];
  const news = () => {
    fresh = texts().filter(([place, text], number) => {
      const key = `${place} ${number}`, other = known.get(key) !== text;
      known.set(key, text);
      return other;
    });
    return fresh.map(([place, text, element]) => [place, text, away(element)]);
  };
  /* How far away what was new at the last look is now, with its place. */
  const distances = () => {
    const brought = [...seen.brought].map((id) => [id, id, document.getElementById(id)]).filter(([, , element]) => element);
    const within = (ids, element) => [...ids].some((id) => element.closest(`#${CSS.escape(id)}`));
    const asked = fresh.filter(([, , element]) => within(seen.own, element) || !within(seen.timed, element)); /* no timer's */
    return [...asked, ...brought].filter(([, text]) => text.trim()).map(([place, , element]) => [away(element), place]).filter(([px]) => px !== null);
  };
  /* What the page brings into sight is an answer, too, though it may be as it was: a trace that is opened again. */
  const listen = () => {
    for (const name of ["caiSee", "caiSeeEnd"]) {
      const see = window[name];
      window[name] = (id) => { seen.brought.add(id); see(id); };
    }
  };

  const entries = () => [...document.querySelectorAll("[role=listbox] [role=option]")].filter(shown);

  /* What to press next: Stop buttons first, whenever they can be pressed, then fields before buttons, then folded parts,
     and last what puts something away. At most `most` of a list of records. */
  const pressed = new Set(), kinds = new Map(), lists = new Map();
  const STOPS = 3;
  const stops = new Map();
  const stop = (one) => one.place.endsWith("stop") && one.kind === "button";
  const stoppable = (one) => stop(one) && one.usable && (stops.get(one.key) ?? 0) < STOPS;
  const rank = (one) => (one.kind === "fold" ? 4 : one.danger ? 3 : one.kind === "button" ? 2 : 1);
  const told = ({ element, ...rest }) => rest;
  const next = (most) => {
    const all = [...controls().values()];
    for (const one of all) kinds.set(one.key, one.kind);
    const open = all.filter((one) => one.usable && !pressed.has(one.key) && (!one.listed || (lists.get(one.place) ?? 0) < most));
    const first = all.find(stoppable) ?? open.sort((one, other) => rank(one) - rank(other))[0];
    if (!first) return null;
    if (stop(first)) stops.set(first.key, (stops.get(first.key) ?? 0) + 1);
    if (first.listed) lists.set(first.place, (lists.get(first.place) ?? 0) + 1);
    pressed.add(first.key);
    seen.brought.clear();
    seen.own.clear(); /* what timers fill they fill at any time */
    return told(first);
  };

  const bring = (look) => {
    const { top, bottom } = look.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) look.scrollIntoView({ block: "center", behavior: "instant" });
  };
  /* Where a control is pressed, once it is in sight; null where something else lies over it. */
  const spot = (key) => {
    const element = controls().get(key)?.element;
    if (!element) return null;
    const look = element.matches("input[type=radio], input[type=checkbox]") ? element.closest("label") ?? element : element;
    bring(look);
    const { left, top, width, height } = look.getBoundingClientRect(), x = left + width / 2, y = top + height / 2;
    const hit = document.elementFromPoint(x, y);
    return hit && (look.contains(hit) || hit.contains(element)) ? { x, y } : null;
  };

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  /* Back when nothing that was asked is open any more, or after so long. */
  const settled = async (most_ms = 20000) => {
    const end = performance.now() + most_ms;
    for (let quiet = 0; quiet < 2 && performance.now() < end; quiet = waiting.size ? 0 : quiet + 1) await wait(TICK_MS);
  };
  /* Back when nothing that was asked is open any more; a Stop that can be pressed meanwhile is. Tells what is new. */
  const after = async (from, most_ms) => {
    const end = performance.now() + most_ms;
    let quiet = 0;
    while (quiet < 2 && performance.now() < end) {
      await wait(TICK_MS);
      quiet = waiting.size ? 0 : quiet + 1;
      if (!quiet) for (const element of panel().querySelectorAll("button[id$=stop]")) {
        const key = `button ${element.id}`; /* as `controls` names it, which would have the whole page laid out each time */
        if (element.disabled || !shown(element) || !stoppable({ key, kind: "button", place: element.id, usable: true })) continue;
        stops.set(key, (stops.get(key) ?? 0) + 1);
        pressed.add(key);
        element.click();
      }
    }
    const tab = document.querySelector("[role=tab][aria-selected=true]").innerText.trim();
    return { late: quiet < 2, toasts: seen.toasts.slice(from), texts: news(), tab, asked: seen.asked, changed: seen.changed };
  };

  return {
    seen,
    controls: () => [...controls().values()].map(told),
    element: (key) => controls().get(key)?.element,
    open: () => [...panel().querySelectorAll(FOLD)].filter((one) => shown(one) && !one.classList.contains("open")).map((one) => one.click()).length,
    primary: () => [...controls().values()].filter(({ kind, usable, element }) => kind === "button" && usable && element.matches(".primary")).map(({ key }) => key),
    twice: (key) => { for (let time = 0; time < 2; time += 1) { const button = controls().get(key)?.element; if (button && !button.disabled) { bring(button); button.click(); } } },
    menu: () => entries().map((one) => one.ariaLabel),
    choose: (title) => entries().find((one) => one.ariaLabel === title)?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })),
    idle: () => waiting.size === 0,
    next, spot, after, settled, distances, listen,
    pressed: () => [...pressed],
    unpressed: () => [...kinds].filter(([key, kind]) => kind === "button" && !pressed.has(key)).length,
    begin: () => { for (const all of [pressed, kinds, lists, stops]) all.clear(); },
  };
})();
