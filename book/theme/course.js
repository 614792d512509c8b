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
document.addEventListener("toggle", makeScrollable, true);

// The boxes of "Done when" can be ticked, and stay so in this browser.
for (const [i, box] of document.querySelectorAll("main li > input[type=checkbox]").entries()) {
    const key = `done ${location.pathname.split("/").pop()} ${i}`;
    box.disabled = false;
    box.setAttribute("aria-label", box.parentElement.textContent.trim());
    try {
        box.checked = localStorage.getItem(key) !== null;
        box.addEventListener("change", () => {
            if (box.checked) {
                localStorage.setItem(key, "");
            } else {
                localStorage.removeItem(key);
            }
        });
    } catch {
        // A browser that keeps nothing still shows the boxes.
    }
}

// In a widget the arrow keys are its own; elsewhere mdBook turns the page with them.
for (const widget of document.querySelectorAll(".widget")) {
    widget.addEventListener("keydown", (event) => event.stopPropagation());
}
