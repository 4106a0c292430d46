/* Curate: passages of an example that a person highlights. They are told to the server in characters as it counts them,
   and shown without changing the text. */
(() => {
  const STRUCK = "del"; /* words that are not in the revision, though the comparison shows them */
  const count = (text) => Array.from(text).length;
  const partOf = (node) => (node instanceof Element ? node : node?.parentElement)?.closest("#curate-card [data-part]");
  const nodesOf = (part) => {
    const words = part.querySelector(".cai-block-text, .cai-diff-text");
    if (!words) return [];
    const walker = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(STRUCK)) found.push(walker.currentNode);
    return found;
  };
  const marked = () => JSON.parse(document.querySelector("#curate-marks [data-spans]")?.dataset.spans || "[]");
  const tell = (spans) => window.caiTell("curate-spans", JSON.stringify(spans));

  window.caiMark = () => {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0), part = partOf(range.commonAncestorContainer);
    if (!part) return;
    let at = 0, text = "", start = -1, end = -1;
    for (const node of nodesOf(part)) {
      if (range.intersectsNode(node)) {
        const from = node === range.startContainer ? range.startOffset : 0;
        const to = node === range.endContainer ? range.endOffset : node.data.length;
        if (start < 0) start = at + count(node.data.slice(0, from));
        text += node.data.slice(from, to);
        end = at + count(node.data.slice(0, to));
      }
      at += count(node.data);
    }
    if (!text.trim()) return;
    tell([...marked(), { part: part.dataset.part, start, end, text }]);
    selection.removeAllRanges();
  };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-unmark]");
    if (button) tell(marked().filter((_, place) => place !== Number(button.dataset.unmark)));
  });
  /* A press on the button must not take the selection away that it is about. */
  document.addEventListener("mousedown", (event) => {
    if (event.target instanceof Element && event.target.closest("#curate-mark")) event.preventDefault();
  });

  const rangeOf = (span) => {
    const part = document.querySelector(`#curate-card [data-part="${span.part}"]`);
    const range = new Range();
    let at = 0, begun = false;
    for (const node of part ? nodesOf(part) : []) {
      const signs = Array.from(node.data), length = (number) => signs.slice(0, number).join("").length;
      if (!begun && span.start < at + signs.length) {
        range.setStart(node, length(span.start - at));
        begun = true;
      }
      if (begun && span.end <= at + signs.length) {
        range.setEnd(node, length(span.end - at));
        return range;
      }
      at += signs.length;
    }
    return null;
  };
  window.caiSpans = () => {
    if (!window.Highlight) return; /* an older browser shows the list of passages only */
    const spans = marked();
    if (spans.length) CSS.highlights.set("cai-spans", new Highlight(...spans.map(rangeOf).filter(Boolean)));
    else CSS.highlights.delete("cai-spans");
  };
})();
