"use strict";

// Paper has no folds.
window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) {
        fold.open = true;
    }
});

// What scrolls sideways must be reachable without a mouse.
function makeScrollable() {
    for (const wide of document.querySelectorAll(".formula, main table, main pre > code")) {
        if (wide.scrollWidth > wide.clientWidth) {
            wide.tabIndex = 0;
        }
    }
}
window.addEventListener("load", makeScrollable);
window.addEventListener("resize", makeScrollable);
