/* Brings what a press brought about before the eye, where it is not there already; `kit/sight.py` says after which
   events. Nothing moves while its beginning can be seen. */
(() => {
  const MARGIN = 12;

  window.caiSee = (id) =>
    requestAnimationFrame(() => {
      const box = document.getElementById(id);
      if (!box || box.offsetParent === null) return;
      const { top, bottom } = box.getBoundingClientRect();
      /* the bar of Curate stays over what scrolls */
      const bar = document.getElementById("curate-bar");
      const over = bar && bar.offsetParent !== null && !bar.contains(box) ? bar.offsetHeight : 0;
      const seen = top >= over && (bottom <= innerHeight || top <= innerHeight - 160);
      if (!seen) scrollTo({ top: scrollY + top - over - MARGIN, behavior: "instant" });
    });

  /* The same for what is added at the end of an element. */
  window.caiSeeEnd = (id) =>
    requestAnimationFrame(() => {
      const box = document.getElementById(id);
      if (!box || box.offsetParent === null) return;
      const { bottom } = box.getBoundingClientRect();
      const seen = bottom >= MARGIN && bottom <= innerHeight;
      if (!seen) scrollTo({ top: scrollY + bottom - innerHeight * 0.6, behavior: "instant" });
    });

  /* A button with data-see leads to a place of the same tab: a folded one is opened, a button gets the focus. */
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-see]");
    const place = button && document.getElementById(button.dataset.see);
    if (!place) return;
    place.querySelector(":scope > button.label-wrap:not(.open)")?.click();
    window.caiSee(place.id);
    place.focus({ preventScroll: true });
    place.classList.remove("cai-pointed");
    requestAnimationFrame(() => place.classList.add("cai-pointed"));
  });
})();
